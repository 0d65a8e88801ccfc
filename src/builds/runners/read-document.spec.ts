import { z } from 'zod';
import { BuildFault } from './build-fault.js';
import { readDocument } from './read-document.js';

const schema = z.object({ name: z.string() });
const read = (content?: string) =>
  readDocument({ artifacts: new Map(content === undefined ? [] : [['plan.json', content]]) }, 'plan.json', schema);

describe('readDocument', () => {
  it('gives the document as its schema describes it', () => {
    expect(read('{"name":"Ada"}')).toEqual({ name: 'Ada' });
  });

  it.each([undefined, '{', '{"name":1}'])(
    'refuses %s, names the path and does not ask for another attempt',
    (content) => {
      let fault: unknown;
      try {
        read(content);
      } catch (error) {
        fault = error;
      }
      expect(fault).toBeInstanceOf(BuildFault);
      expect(fault).toMatchObject({ code: 'BUILD_ERROR', transient: false, details: { path: 'plan.json' } });
    },
  );
});
