import { ValidationError } from '../../shared/domain-error.js';
import { storableBody } from './storable-body.js';

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
    ['a number beyond the range of a table', [1e126]],
    ['a number too close to 0', -1e-131],
  ])('is refused for %s, by the path of the field', (_name, value) => {
    expect(() => storableBody({ metadata: value })).toThrow(ValidationError);
    expect(() => storableBody({ metadata: value })).toThrow(/^metadata(\.n|(\[0\])*)? must not /);
  });

  it('names where in a field the number is, in at most 200 characters', () => {
    expect(() => storableBody({ a: { b: [0, { c: 1e200 }] } })).toThrow(/^a\.b\[1\]\.c must not hold/);
    expect(() => storableBody({ a: { ['k'.repeat(500)]: 1e200 } })).toThrow(/^a\.k{198}… must not hold/);
  });

  it('may nest 20 levels and hold the largest number', () => {
    expect(storableBody({ metadata: nested(20), n: 1e125 })).toEqual({ metadata: nested(20), n: 1e125 });
  });
});
