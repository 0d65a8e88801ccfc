import { ValidationError } from '../../shared/domain-error.js';
import { storableBody } from './validation.pipe.js';

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('a body', () => {
  it('loses fields that are null, and nothing that is nested into others', () => {
    expect(storableBody({ a: null, b: { c: null, d: [null, 0, false, ''] } })).toEqual({
      b: { c: null, d: [null, 0, false, ''] },
    });
  });

  it('is well-formed Unicode at any depth', () => {
    expect(storableBody({ text: 'a\ud800b', list: [{ 'k\udc00': '😀' }] })).toEqual({
      text: 'a\ufffdb',
      list: [{ 'k\ufffd': '😀' }],
    });
  });

  it('is left alone when it is no object', () => {
    expect([storableBody([null]), storableBody('x'), storableBody(undefined)]).toEqual([[null], 'x', undefined]);
  });

  it.each([
    ['21 levels', nested(21)],
    ['100,000 levels', nested(100_000)],
    ['a number that JSON reads as infinite', { n: JSON.parse('1e400') as unknown }],
    ['an integer that JavaScript rounds', [2 ** 53]],
    ['a number too close to 0', -1e-131],
  ])('is refused for %s, by the name of the field', (_name, value) => {
    expect(() => storableBody({ metadata: value })).toThrow(ValidationError);
    expect(() => storableBody({ metadata: value })).toThrow(/^metadata /);
  });

  it('may nest 20 levels and hold the largest exact integer', () => {
    const n = Number.MAX_SAFE_INTEGER;
    expect(storableBody({ metadata: nested(20), n })).toEqual({ metadata: nested(20), n });
  });

  it('may hold any number at 64 levels in a field that is stored as text', () => {
    const document = { maximum: 1.7e308, deep: nested(62) };
    expect(storableBody({ document }, new Set(['document']))).toEqual({ document });
  });
});
