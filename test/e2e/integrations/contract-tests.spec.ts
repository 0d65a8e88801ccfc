import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApp, type TestApp } from '../../support/app.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

interface Result {
  name: string;
  passed: boolean;
  status: number | null;
  valid: boolean | null;
  golden: string;
  differences: string[];
  deterministic: boolean;
  error: string | null;
}

interface Report {
  run_id: string;
  passed: number;
  failed: number;
  skipped: number;
  deterministic_share: number | null;
  results: Result[];
}

let app: TestApp;
let http: HttpClient;
let server: Server;
let base_url: string;
/** What the API answers for a book. */
let book: unknown;
let asked: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/books')
      response.end(JSON.stringify({ items: [{ id: String(asked.length), title: 'Momo' }], next_cursor: null }));
    else response.end(JSON.stringify(book));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app = await startApp({ NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true' });
  http = app.http.as('contract-org');
});
beforeEach(() => {
  asked = [];
  book = { id: '1', title: 'Momo', pages: 304 };
});
afterAll(async () => {
  await app.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const imported = async (): Promise<string> =>
  (await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url })).integration_id;
const run = (id: string, wish: object = {}) => http.post<Report>(`/api/v1/integrations/${id}/contract-tests/run`, wish);
const brief = ({ results }: Report) =>
  results.map(({ name, passed, golden, differences }) => [name, passed, golden, differences]);

it('holds every operation of the mock to the document, without calling the API', async () => {
  const { status, data } = await run(await imported());
  expect([status, data]).toMatchObject([200, { passed: 4, failed: 0, skipped: 0, deterministic_share: 1 }]);
  expect(data.results.map(({ name, status: answered, valid, golden }) => [name, answered, valid, golden])).toEqual([
    ['listBooks', 200, true, 'none'],
    ['addBook', 201, true, 'none'],
    ['getBook', 200, true, 'none'],
    ['deleteBook', 204, true, 'none'],
  ]);
  expect(asked).toEqual([]);
});

it('holds what the API reads to the document and to recorded answers, and never writes', async () => {
  const id = await imported();
  const recorded = await run(id, { target: 'live', record: true });
  expect(brief(recorded.data)).toEqual([
    ['listBooks', true, 'recorded', []],
    ['getBook', true, 'recorded', []],
  ]);
  expect(asked.toSorted()).toEqual([
    'GET /books',
    'GET /books',
    'GET /books',
    'GET /books/text',
    'GET /books/text',
    'GET /books/text',
  ]);
  expect([recorded.data.results.map(({ deterministic }) => deterministic), recorded.data.deterministic_share]).toEqual([
    [false, true],
    0.5,
  ]);
  book = { id: '2', title: 'Jim', pages: null };
  expect(brief((await run(id, { target: 'live' })).data)[1]).toEqual(['getBook', true, 'same', []]);
  book = { id: '2', title: 'Jim' };
  expect(brief((await run(id, { target: 'live' })).data)[1]).toEqual([
    'getBook',
    false,
    'changed',
    ['pages is missing'],
  ]);
  book = { id: 2 };
  const wrong = (await run(id, { target: 'live' })).data;
  expect(wrong.results[1]).toMatchObject({
    passed: false,
    valid: false,
    mismatches: expect.arrayContaining([{ pointer: '/id', message: 'must be string' }]) as unknown,
  });
  // The mock has answers of its own.
  expect((await run(id)).data.results.every(({ golden }) => golden === 'none')).toBe(true);
});

it('reports an API that does not answer', async () => {
  const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'), {
    base_url: 'http://127.0.0.1:9',
  });
  const { status, data } = await run(integration_id, { target: 'live' });
  expect([status, data]).toMatchObject([200, { passed: 0, failed: 2, deterministic_share: 0 }]);
  expect(data.results[0]).toMatchObject({ status: null, error: expect.any(String) as unknown });
});

it('keeps the last fifty runs, for members of the organization', async () => {
  const id = await imported();
  const first = (await run(id, { record: true })).data;
  const second = (await run(id)).data;
  expect(second.results.every(({ golden }) => golden === 'same')).toBe(true);
  const path = `/api/v1/integrations/${id}/contract-tests`;
  const list = await http.get<{ runs: { run_id: string; recorded: boolean }[] }>(path);
  expect(list.data.runs.map(({ run_id, recorded }) => [run_id, recorded])).toEqual([
    [second.run_id, false],
    [first.run_id, true],
  ]);
  expect((await http.get<Report>(`${path}/${first.run_id}`)).data).toEqual(first);
  expect((await http.get(`${path}/ctr_none`)).status).toBe(404);
  for (let more = 0; more < 49; more++) await run(id);
  expect((await http.get(`${path}/${first.run_id}`)).status).toBe(404);
  const after = (await run(id)).data;
  expect(after.results.every(({ golden }) => golden === 'same')).toBe(true);
  expect((await http.get<{ runs: unknown[] }>(path)).data.runs).toHaveLength(50);
  const viewer = app.http.as('contract-org', 'reader', ['viewer']);
  expect([(await viewer.get(path)).status, (await viewer.post(`${path}/run`, {})).status]).toEqual([200, 403]);
  expect((await app.http.as('contract-stranger').get(path)).status).toBe(404);
});

it('does not call the API where the mock answers in its place', async () => {
  const id = await imported();
  await http.post(`/api/v1/integrations/${id}/mock`, { mode: 'instead' });
  const { status, error } = await run(id, { target: 'live' });
  expect([status, error.code]).toEqual([400, 'INVALID_STATE']);
});
