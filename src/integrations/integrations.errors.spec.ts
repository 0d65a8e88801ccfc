import { DocumentInvalidError } from './integrations.errors.js';

const fault = (pointer: string, message: string) => ({ pointer, message, line: 1, column: 1 });

it.each([
  ['The document is not usable: it is not valid JSON', [fault('', 'is not valid JSON')], 1],
  ['The document is not usable: Unknown type "Order" (and 1 more fault)', [fault('', 'Unknown type "Order".')], 2],
  [
    'The document is not usable at /info: must be an object (and 3 more faults)',
    [fault('/info', 'must be an object')],
    4,
  ],
  ['The document is not usable: it cannot be read', [], 0],
])('says "%s"', (message, faults, total) => {
  expect(new DocumentInvalidError(faults, total).message).toBe(message);
});
