import { readdirSync, readFileSync } from 'node:fs';
import { readSource } from '../formats/read-source.js';
import { callTasks } from './call-tasks.js';
import { mockTasks } from './mock-tasks.js';
import type { Catalogue } from './operation.js';

const DOCUMENTS = new URL('../../../test/apis/documents/', import.meta.url);
const HOST = 'http://mock.invalid';

async function catalogueOf(name: string): Promise<Catalogue> {
  const text = readFileSync(new URL(name, DOCUMENTS), 'utf8');
  return (await readSource({ text, format: 'auto', url: undefined, files: {} })) as Catalogue;
}

/** Calls an operation against the mock, as the platform does. */
function call(
  catalogue: Catalogue,
  name: string,
  input: Record<string, unknown>,
  headers: Record<string, string> = {},
) {
  const prepared = callTasks.prepare([catalogue], { operation: name, input, server: HOST });
  if ('fault' in prepared) throw new Error(JSON.stringify(prepared));
  const { method, url, body = '' } = prepared.request;
  const { pathname, search } = new URL(url);
  const request = {
    method,
    path: pathname,
    query: search.slice(1),
    body,
    headers: { ...prepared.request.headers, ...headers },
  };
  const { status, headers: answered, body: content } = mockTasks.mock([catalogue], request);
  const bytes = Buffer.from(content === null ? '' : JSON.stringify(content));
  return {
    request,
    ...callTasks.read_answer([catalogue], {
      operation: name,
      input,
      answer: { status, headers: answered, body: bytes },
    }),
    status,
  };
}

const callable = readdirSync(DOCUMENTS).filter((name) => !name.startsWith('lights'));

it.each(callable)('answers every operation of %s with what its document describes', async (name) => {
  const catalogue = await catalogueOf(name);
  const results = catalogue.operations.map((one) => {
    const input = mockTasks.sample_input([catalogue], one.operation_id) ?? {};
    const { status, valid, mismatches } = call(catalogue, one.operation_id, input);
    return { name: one.name, isGood: status < 300 && valid !== false, mismatches };
  });
  expect(results).toEqual(results.map(({ name }) => ({ name, isGood: true, mismatches: [] })));
});

it('answers the same each time, and the first page is the last', async () => {
  const catalogue = await catalogueOf('books.openapi-3.1.yaml');
  const [first, second] = [call(catalogue, 'listBooks', {}), call(catalogue, 'listBooks', {})];
  expect(first).toEqual(second);
  expect(first).toMatchObject({ next: null, body: { next_cursor: null, items: [{ id: 'text' }] } });
});

it('refuses what does not fit the document', async () => {
  const catalogue = await catalogueOf('books.openapi-3.1.yaml');
  const ask = (method: string, path: string, query = '', body = '') =>
    mockTasks.mock([catalogue], { method, path, query, body, headers: {} });
  expect(ask('GET', '/books', 'limit=many')).toMatchObject({ status: 400, body: { faults: [{ pointer: '/limit' }] } });
  expect(ask('POST', '/books', '', '{"pages": 1}')).toMatchObject({
    status: 400,
    body: { faults: [{ pointer: '/body' }] },
  });
  expect(ask('POST', '/books', '', '{')).toMatchObject({ status: 400 });
  expect(ask('PATCH', '/books')).toMatchObject({ status: 405 });
  expect(ask('GET', '/shelves')).toMatchObject({ status: 404 });
});

it('answers with the status that is asked for', async () => {
  const catalogue = await catalogueOf('books.openapi-3.1.yaml');
  const { status } = call(catalogue, 'getBook', { id: '1' }, { prefer: 'code=404' });
  expect(status).toBe(404);
  const limited = mockTasks.mock([catalogue], {
    method: 'GET',
    path: '/books',
    query: '',
    body: '',
    headers: { prefer: 'code=429' },
  });
  expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
});

it('sees that a required object of the query was sent', async () => {
  const scope = {
    ...{ name: 'scope', in: 'query', required: true, style: 'deepObject' },
    schema: { type: 'object', required: ['type'], properties: { type: { type: 'string' } } },
  };
  const text = JSON.stringify({
    ...{ openapi: '3.1.0', info: { title: 'Secrets', version: '1' } },
    paths: {
      '/secrets': { get: { operationId: 'list', parameters: [scope], responses: { 204: { description: 'ok' } } } },
    },
  });
  const catalogue = (await readSource({ text, format: 'auto', url: undefined, files: {} })) as Catalogue;
  const ask = (query: string) =>
    mockTasks.mock([catalogue], { method: 'GET', path: '/secrets', query, body: '', headers: {} });
  expect([ask('scope%5Btype%5D=user').status, ask('').status]).toEqual([204, 400]);
});

it('answers GraphQL without errors', async () => {
  const catalogue = await catalogueOf('library.graphql');
  expect(call(catalogue, 'deleteBook', { id: '1' }).body).toEqual({ data: { deleteBook: true } });
});
