import fc from 'fast-check';
import { OperationNames } from './source-format.js';

it('gives names that fit a tool of a model, each once, whatever a document calls its operations', () => {
  const wanted = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.constantFrom('list', 'list', 'x'.repeat(64), 'x'.repeat(90)),
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.webPath(), wanted), { selector: ([path]) => path }), (operations) => {
      const names = new OperationNames();
      const made = operations.map(([path, name]) => names.next(`GET ${path}`, name));
      for (const { name, operation_id } of made) {
        expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
        expect(operation_id).toMatch(/^op_[0-9a-f]{16}$/);
      }
      expect(new Set(made.map(({ name }) => name)).size).toBe(operations.length);
      expect(new Set(made.map(({ operation_id }) => operation_id)).size).toBe(operations.length);
    }),
    { numRuns: 200 },
  );
});

it('gives the same id in another order, and whatever the parameters of the path are called', () => {
  const idsOf = (...paths: string[]) => {
    const names = new OperationNames();
    return Object.fromEntries(
      paths.map((path) => [path.replace(/\{[^{}]*\}/, '{}'), names.next(path, 'get').operation_id]),
    );
  };
  expect(idsOf('GET /books/{id}', 'GET /books')).toEqual(idsOf('GET /books', 'GET /books/{book}'));
});
