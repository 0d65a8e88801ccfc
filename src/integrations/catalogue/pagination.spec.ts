import type { AnswerShape, JsonSchema, Parameter } from './operation.js';
import { paginationOf } from './pagination.js';

const parameter = (name: string): Parameter => ({
  ...{ key: name, name, in: 'query', required: false, description: '', schema: {}, style: 'form', explode: true },
});
const ITEMS = { type: 'array', items: { type: 'object' } };
const answer = (schema: JsonSchema, ...headers: string[]): AnswerShape => ({
  ...{ status: '200', description: '', content_type: 'application/json', schema, headers },
});
const listOf = (properties: JsonSchema) => answer({ type: 'object', properties });
const TEXT = { type: 'string' };

it.each([
  ['offset', ['skip', 'limit'], answer(ITEMS), { param: 'skip', size_param: 'limit', items_field: '' }],
  [
    'page',
    ['page', 'per_page'],
    listOf({ data: ITEMS }),
    { param: 'page', size_param: 'per_page', items_field: 'data' },
  ],
  [
    'cursor',
    ['starting_after', 'limit'],
    listOf({ data: ITEMS, has_more: { type: 'boolean' } }),
    { param: 'starting_after', next_field: null, items_field: 'data' },
  ],
  [
    'token',
    ['pageToken', 'pageSize'],
    listOf({ items: ITEMS, nextPageToken: TEXT }),
    { param: 'pageToken', size_param: 'pageSize', next_field: 'nextPageToken', items_field: 'items' },
  ],
  [
    'cursor',
    ['cursor'],
    listOf({ results: ITEMS, meta: { type: 'object', properties: { next_cursor: TEXT } } }),
    { param: 'cursor', next_field: 'meta.next_cursor', items_field: 'results' },
  ],
  ['link', ['page'], answer(ITEMS, 'link'), { param: 'page', items_field: '' }],
  ['none', ['q'], answer(ITEMS), { param: null, items_field: null }],
  ['none', ['page'], listOf({ id: TEXT }), { param: null }],
])('sees %s by %j', (kind, names, shape, expected) => {
  const operation = { method: 'GET', parameters: names.map(parameter), answers: [shape] };
  expect(paginationOf(operation, {})).toMatchObject({ kind, ...expected });
});
