import fc from 'fast-check';
import { ValidationError } from '../../shared/domain-error.js';
import { assertBounded, JsonFaultFinder } from './json-text.js';

const ROOMY = { keys: 1_000, containers: 1_000, values: 10_000 };
const bounded =
  (text: string, bounds = ROOMY) =>
  () =>
    assertBounded(Buffer.from(text), bounds);
const levels = (count: number): string => '['.repeat(count) + ']'.repeat(count);

describe('the bounds of a body', () => {
  it('are 64 levels, whatever strings hold', () => {
    expect(bounded(levels(64))).not.toThrow();
    expect(bounded(levels(65))).toThrow(/must not nest more than 64 levels/);
    expect(bounded(JSON.stringify({ a: `"\\"${levels(99)}`, [levels(99)]: '\\' }))).not.toThrow();
  });

  it('hold for 10 MB of brackets and of open strings', () => {
    expect(bounded('['.repeat(10_000_000))).toThrow(ValidationError);
    expect(bounded('"\\'.repeat(5_000_000))).not.toThrow();
  });

  it.each([
    ['keys', { a: 1, b: { c: 2 } }, { keys: 2 }, /more than 2 keys/],
    ['containers', [[], {}, []], { containers: 3 }, /more than 3 objects and arrays/],
    ['values', { a: [1, 2, 3] }, { values: 3 }, /more than 3 values/],
  ])('count %s', (_name, body, bound, reason) => {
    expect(bounded(JSON.stringify(body), { ...ROOMY, ...bound })).toThrow(reason);
  });

  it('count every key, container and value once, and no more', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (body) => {
        const count = { keys: 0, containers: 0, values: 0 };
        const walk = (value: unknown): void => {
          if (typeof value !== 'object' || value === null) return;
          const inner: unknown[] = Object.values(value);
          count.containers++;
          count.keys += Array.isArray(value) ? 0 : inner.length;
          count.values += Math.max(1, inner.length);
          inner.forEach(walk);
        };
        walk(body);
        // One less of the commas than of the values, and one for the container.
        const text = JSON.stringify(body);
        expect(bounded(text, count)).not.toThrow();
        if (count.keys > 0) expect(bounded(text, { ...count, keys: count.keys - 1 })).toThrow(/keys/);
        if (count.values > 0) expect(bounded(text, { ...count, values: count.values - 1 })).toThrow(/values/);
      }),
    );
  });
});

describe('the fault of a text', () => {
  it.each([
    ['{"requirement": ', 1, 17, 'a value', 'the end of the body'],
    ['{"a": 1,}', 1, 9, 'a key in double quotes', '}'],
    ['{a: 1}', 1, 2, 'a key in double quotes or }', 'a'],
    ['{"a" 1}', 1, 6, ': after the key', '1'],
    ['[1, 2', 1, 6, ', or ]', 'the end of the body'],
    ['[1 2]', 1, 4, ', or ]', '2'],
    ['{\n  "a": 01\n}', 2, 8, 'a value', '0'],
    ['{"a": "b\n"}', 1, 9, 'the escape \\u000a', '\n'],
    ['{"a": "\\x"}', 1, 8, 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX', '\\'],
    ['{"a": "b', 1, 9, 'a closing double quote', 'the end of the body'],
    ['{} {}', 1, 4, 'the end of the body', '{'],
    ['', 1, 1, 'a value', 'the end of the body'],
  ])('%j is in line %d, column %d', (text, line, column, expected, found) => {
    expect(JsonFaultFinder.find(text)).toMatchObject({ line, column, expected, found });
  });

  it('is found exactly where the parser refuses', () => {
    const spoilt = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '0', '-', 'e', 'null', '\u0001', '.'),
      )
      .map(
        ([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1),
      );
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(spoilt, (text) => {
        expect(JsonFaultFinder.find(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
