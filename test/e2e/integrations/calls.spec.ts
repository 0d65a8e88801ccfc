import { startApp, type TestApp } from '../../support/app.js';
import { type ApiService, apiService, type SeenRequest } from '../../support/api-service.js';
import type { Answer, HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

interface Result {
  status: number;
  body: unknown;
  items: unknown[] | null;
  pages: number;
  complete: boolean;
  valid: boolean | null;
  mismatches: { pointer: string; message: string }[];
}

const BOOKS = Array.from({ length: 25 }, (_, index) => ({ id: `b${index}`, title: `Book ${index}` }));

function books({ method, path, query, body }: SeenRequest) {
  if (path === '/v1/books' && method === 'POST')
    return { status: 201, body: { id: 'new', ...(JSON.parse(body) as object) } };
  if (path === '/v1/books') {
    const start = Number(query['cursor'] ?? 0);
    const size = Number(query['limit'] ?? 10);
    const end = start + size;
    return { body: { items: BOOKS.slice(start, end), next_cursor: end < BOOKS.length ? String(end) : null } };
  }
  if (path === '/v1/books/odd') return { body: { id: 7 } };
  if (path === '/v1/books/html') return { headers: { 'content-type': 'text/html' }, body: '<h1>hello</h1>' };
  if (path === '/v1/books/hang') return new Promise<never>(() => undefined);
  if (path.startsWith('/v1/books/')) return { status: 404, body: { error: 'none' } };
  return { status: 500, body: { path } };
}

let app: TestApp;
let http: HttpClient;
let api: ApiService;
let id: string;

beforeAll(async () => {
  [app, api] = await Promise.all([startApp(), apiService(books)]);
  http = app.http.as('calls-org');
  const made = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url: `${api.url}/v1/` });
  id = made.integration_id;
});
afterAll(async () => {
  await app.close();
  await api.close();
});

const call = (operation: string, input: object, more: object = {}): Promise<Answer<Result>> =>
  http.post<Result>(`/api/v1/integrations/${id}/operations/${operation}/call`, { input, ...more });

describe('calling an operation', () => {
  it('sends what the document describes and answers what the API answered', async () => {
    const { status, data } = await call('listBooks', { limit: 3, genre: ['novel', 'sci fi'] });
    expect([status, data.status, data.valid, data.mismatches]).toEqual([200, 200, true, []]);
    expect(data.body).toEqual({ items: BOOKS.slice(0, 3), next_cursor: '3' });
    expect(api.seen.at(-1)).toMatchObject({
      method: 'GET',
      path: '/v1/books',
      query: { limit: '3', genre: 'novel,sci fi' },
    });
    const added = await call('addBook', { body: { title: 'Momo', pages: 300 } });
    expect(added.data).toMatchObject({ status: 201, valid: true, body: { id: 'new', title: 'Momo', pages: 300 } });
  });

  it('follows the pages of a list', async () => {
    const { data } = await call('listBooks', { limit: 10 }, { all_pages: true });
    expect([data.pages, data.complete, data.body]).toEqual([3, true, null]);
    expect(data.items).toEqual(BOOKS);
    const single = await call('getBook', { id: 'b1' }, { all_pages: true });
    expect([single.status, single.error.details.fields]).toEqual([
      400,
      { all_pages: ['needs an operation with paged responses'] },
    ]);
  });

  it('stops at the twentieth page and says that there are more', async () => {
    const { data } = await call('listBooks', { limit: 1 }, { all_pages: true });
    expect([data.pages, data.complete]).toEqual([20, false]);
    expect(data.items).toEqual(BOOKS.slice(0, 20));
  });

  it('reports an answer that does not fit the document and passes it on', async () => {
    const odd = await call('getBook', { id: 'odd' });
    expect(odd.data).toMatchObject({ status: 200, valid: false, body: { id: 7 } });
    expect(odd.data.mismatches).toEqual([
      { pointer: '', message: "must have required property 'title'" },
      { pointer: '/id', message: 'must be string' },
    ]);
    const html = await call('getBook', { id: 'html' });
    expect(html.data).toMatchObject({
      valid: false,
      body: '<h1>hello</h1>',
      mismatches: [{ pointer: '', message: 'the content type is text/html, not application/json' }],
    });
    expect((await call('getBook', { id: 'gone' })).data).toMatchObject({
      status: 404,
      valid: true,
      body: { error: 'none' },
    });
  });

  it('refuses an input that does not fit and names each field', async () => {
    const before = api.seen.length;
    const { status, error } = await call('addBook', { body: { pages: 'many', color: 'red' }, x: 1 });
    expect(status).toBe(400);
    expect(error.details.fields).toEqual({
      input: ['must NOT have additional properties (x)'],
      'input.body': ["must have required property 'title'", 'must NOT have additional properties (color)'],
      'input.body.pages': ['must be integer'],
    });
    expect((await call('getBook', { id: '..' })).error.details.fields).toEqual({ 'input.id': ['must not be ".."'] });
    expect((await call('nothing', {})).status).toBe(404);
    expect(api.seen.length).toBe(before);
  });

  it('answers 502 when the API cannot be reached, and refuses addresses of its own network', async () => {
    const gone = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url: 'http://127.0.0.1:9/' });
    const path = (one: string) => `/api/v1/integrations/${one}/operations/getBook/call`;
    const { status, error } = await http.post(path(gone.integration_id), { input: { id: '1' } });
    expect([status, error.code, error.details]).toEqual([502, 'UPSTREAM_FAILED', { reason: 'unreachable' }]);
    const metadata = await http.post('/api/v1/integrations', {
      ...{ name: 'No', base_url: 'http://169.254.169.254/' },
      source: { content: apiDocument('books.openapi-3.1.yaml') },
    });
    expect([metadata.status, Object.keys(metadata.error.details.fields ?? {})]).toEqual([400, ['base_url']]);
  });

  it('follows the pages of a GraphQL connection', async () => {
    const pages: Record<string, object> = {
      first: { nodes: [{ id: '1' }, { id: '2' }], pageInfo: { endCursor: 'b', hasNextPage: true } },
      b: { nodes: [{ id: '3' }], pageInfo: { endCursor: 'c', hasNextPage: false } },
    };
    const graph = await apiService(({ body }) => {
      const { variables } = JSON.parse(body) as { variables: { after?: string } };
      return { body: { data: { books: pages[variables.after ?? 'first'] } } };
    });
    const made = await importApi(http, apiDocument('library.graphql'), { base_url: graph.url });
    const path = `/api/v1/integrations/${made.integration_id}/operations/books/call`;
    const { data } = await http.post<Result>(path, { input: { first: 2 }, all_pages: true });
    await graph.close();
    expect(data).toMatchObject({ items: [{ id: '1' }, { id: '2' }, { id: '3' }], pages: 2, complete: true });
  });

  it('calls GraphQL, and lists messages without calling them', async () => {
    const graph = await apiService(({ body }) => ({
      body: { data: { book: null }, sent: JSON.parse(body) as unknown },
    }));
    const made = await importApi(http, apiDocument('library.graphql'), { base_url: `${graph.url}/graphql` });
    const { data } = await http.post<Result>(`/api/v1/integrations/${made.integration_id}/operations/book/call`, {
      input: { id: '7' },
    });
    await graph.close();
    expect(data).toMatchObject({
      status: 200,
      valid: true,
      body: { data: { book: null }, sent: { variables: { id: '7' } } },
    });
    expect(graph.seen[0]).toMatchObject({ method: 'POST', path: '/graphql' });
    const lights = await importApi(http, apiDocument('lights.asyncapi-3.0.yaml'));
    const message = await http.post(`/api/v1/integrations/${lights.integration_id}/operations/onMeasured/call`, {
      input: {},
    });
    expect([message.status, message.error.code]).toEqual([400, 'INVALID_STATE']);
  });

  it('needs the role of a developer and records each call', async () => {
    const viewer = app.http.as('calls-org', 'reader', ['viewer']);
    const path = `/api/v1/integrations/${id}/operations/getBook/call`;
    expect((await viewer.post(path, { input: { id: 'odd' } })).status).toBe(403);
    await call('getBook', { id: 'odd' });
    const { data } = await http.get<{ entries: { action: string; target: string; details: object }[] }>(
      '/api/v1/audit?limit=20',
    );
    expect(data.entries.find(({ action }) => action === 'integration.operation_called')).toMatchObject({
      target: id,
      details: { method: 'GET', path: '/books/{id}', status: 200 },
    });
  });
});
