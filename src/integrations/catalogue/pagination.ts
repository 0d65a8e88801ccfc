import {
  type AnswerShape,
  type JsonSchema,
  NO_PAGES,
  type Operation,
  type Pagination,
  type Parameter,
  successOf,
} from './operation.js';

const SIZES = ['limit', 'per_page', 'page_size', 'size', 'max_results', 'count', 'first', 'top', 'take', 'num_results'];
const OFFSETS = ['offset', 'skip', 'start', 'start_at', 'start_index', 'from_index'];
const PAGES = ['page', 'page_number', 'page_num', 'page_index', 'p'];
const TOKENS = ['page_token', 'next_token', 'continuation_token', 'continue', 'next_page_token', 'token'];
const CURSORS = ['cursor', 'after', 'starting_after', 'next_cursor', 'marker', 'start_cursor', 'since_id', 'last_key'];
const NEXT_TOKENS = ['next_page_token', 'next_token', 'continuation_token', 'continue', 'page_token'];
const NEXT_CURSORS = ['next_cursor', 'end_cursor', 'next', 'cursor', 'last_key', 'after', 'marker', 'next_marker'];
const ITEMS = ['data', 'items', 'results', 'records', 'values', 'entries', 'list', 'objects', 'content'];
/** Objects of an answer in which the next position may stand. */
const HOLDERS = [
  'pagination',
  'paging',
  'page_info',
  'meta',
  'metadata',
  'cursors',
  'response_metadata',
  'links',
  '_links',
];

/** How the answers of an operation are split, by the names of its parameters and of its answer's fields. */
export function paginationOf(
  operation: Pick<Operation, 'parameters' | 'answers' | 'method'>,
  schemas: Record<string, JsonSchema>,
): Pagination {
  const { parameters, method } = operation;
  if (method !== 'GET' && method !== 'POST') return NO_PAGES;
  const answer = successOf(operation);
  const body = deref(answer?.schema ?? undefined, schemas);
  const items_field = itemsOf(body, schemas);
  const size_param = keyOf(parameters, SIZES);
  const split = (kind: Pagination['kind'], param: string | null, next: readonly string[] = []): Pagination => ({
    ...{ kind, param, size_param },
    next_field: next.length > 0 ? nextOf(body, next, schemas) : null,
    items_field,
  });
  const page = keyOf(parameters, PAGES);
  if (hasLink(answer) && method === 'GET') return split('link', page);
  const token = keyOf(parameters, TOKENS);
  const isList = items_field !== null;
  if (token !== null && isList) {
    const found = split('token', token, NEXT_TOKENS);
    if (found.next_field !== null) return found;
  }
  const cursor = keyOf(parameters, CURSORS);
  if (cursor !== null && isList) return split('cursor', cursor, NEXT_CURSORS);
  if (method === 'POST') return NO_PAGES;
  const offset = keyOf(parameters, OFFSETS);
  if (offset !== null && (isList || size_param !== null)) return split('offset', offset);
  if (page !== null && (isList || size_param !== null)) return split('page', page);
  return NO_PAGES;
}

const plain = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-.\s]+/g, '_')
    .replaceAll(/\$/g, '')
    .toLowerCase();

function keyOf(parameters: readonly Parameter[], names: readonly string[]): string | null {
  const inQuery = parameters.filter((one) => one.in === 'query');
  for (const name of names) {
    const found = inQuery.find((one) => plain(one.name) === name || plain(one.name) === `page_${name}`);
    if (found) return found.key;
  }
  return null;
}

const hasLink = (answer: AnswerShape | undefined): boolean => answer?.headers.includes('link') ?? false;

/** The schema that references lead to, with what `allOf` adds. */
export function deref(schema: unknown, schemas: Record<string, JsonSchema>, depth = 0): JsonSchema {
  if (typeof schema !== 'object' || schema === null || depth > 10) return {};
  const { $ref, allOf } = schema as JsonSchema;
  if (typeof $ref === 'string') return deref(schemas[$ref.slice('#/$defs/'.length)], schemas, depth + 1);
  if (!Array.isArray(allOf)) return schema as JsonSchema;
  const parts = [schema as JsonSchema, ...allOf.map((one) => deref(one, schemas, depth + 1))];
  const properties = Object.assign({}, ...parts.map((part) => part['properties'] ?? {})) as JsonSchema;
  return { ...Object.assign({}, ...parts.toReversed()), properties } as JsonSchema;
}

const propertiesOf = (schema: JsonSchema): [string, unknown][] =>
  typeof schema['properties'] === 'object' && schema['properties'] !== null ? Object.entries(schema['properties']) : [];

const isArray = (schema: JsonSchema): boolean => [schema['type']].flat().includes('array');

/** Where a list's answer holds its items; null when the answer is no list. */
function itemsOf(body: JsonSchema, schemas: Record<string, JsonSchema>): string | null {
  if (isArray(body)) return '';
  const lists = propertiesOf(body).filter(([, schema]) => isArray(deref(schema, schemas)));
  const known = lists.find(([name]) => ITEMS.includes(plain(name)));
  return (known ?? (lists.length === 1 ? lists[0] : undefined))?.[0] ?? null;
}

function nextOf(body: JsonSchema, names: readonly string[], schemas: Record<string, JsonSchema>): string | null {
  const fields = propertiesOf(body);
  for (const name of names) {
    const found = fields.find(([field, schema]) => plain(field) === name && !isArray(deref(schema, schemas)));
    if (found) return found[0];
  }
  for (const [field, schema] of fields) {
    if (!HOLDERS.includes(plain(field))) continue;
    const inner = nextOf(deref(schema, schemas), names, schemas);
    if (inner !== null) return `${field}.${inner}`;
  }
  return null;
}
