import { differencesOf, shapeOf } from './answer-shape.js';

it('notes the type of each field, and joins those of items', () => {
  expect(shapeOf({ items: [{ id: 1 }, { id: 'a', tag: null }], next: null })).toEqual({
    '': 'object',
    items: 'array',
    'items[]': 'object',
    'items[].id': 'number|string',
    'items[].tag': 'null',
    next: 'null',
  });
});

it('finds what is missing and what changed its type, and lets nulls and empty lists pass', () => {
  const golden = shapeOf({ items: [{ id: 'a', tag: 'x' }], next: 'b', total: 1 });
  expect(differencesOf(golden, shapeOf({ items: [], next: null, total: 2, more: true }))).toEqual([]);
  expect(differencesOf(golden, shapeOf({ items: [{ id: 1 }], next: 'c' }))).toEqual([
    'items[].id is number, not string',
    'items[].tag is missing',
    'total is missing',
  ]);
  expect(differencesOf(golden, shapeOf([]))).toEqual(['the body is array, not object']);
});
