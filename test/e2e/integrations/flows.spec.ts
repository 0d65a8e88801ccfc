import { startApp, type TestApp } from '../../support/app.js';
import { type ApiService, apiService } from '../../support/api-service.js';
import { publishedFlow, ranFlow, runWhen, startRun } from '../../support/flows.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

let app: TestApp;
let http: HttpClient;
let api: ApiService;
let integration_id: string;
let isBusy = false;
const BOOKS = apiDocument('books.openapi-3.1.yaml');

beforeAll(async () => {
  [app, api] = await Promise.all([
    startApp(),
    apiService(({ method, path }) => {
      if (method === 'GET' && path === '/books/none') return { status: 404, body: { error: 'There is no such book.' } };
      if (method === 'GET') return { body: { id: '1', title: 'Momo' } };
      if (!isBusy) return { status: 201, body: { id: '2', title: 'Jim Button' } };
      isBusy = false;
      return { status: 503, headers: { 'retry-after': '0' } };
    }),
  ]);
  http = app.http.as('flow-apis');
  ({ integration_id } = await importApi(http, BOOKS, { name: 'books', base_url: api.url }));
});
afterAll(async () => {
  await app.close();
  await api.close();
});

const DEFINITION = {
  input_schema: { type: 'object', properties: { title: { type: 'string' } } },
  timeout_seconds: 600,
  steps: [
    { id: 'read', call: { integration: 'books', operation: 'getBook', input: { id: '1' } } },
    {
      id: 'add',
      needs: ['read'],
      call: {
        integration: 'books',
        operation: 'addBook',
        input: { body: { title: '${{ steps.read.output.title }} again' } },
      },
      idempotency_key: 'add-${{ steps.read.output.id }}',
      retry: { max_attempts: 3, initial_seconds: 1, factor: 1, max_seconds: 1, jitter: false },
    },
  ],
  output: '${{ steps.add.output.id }}',
};

it('calls operations of an integration, and sends a write again with the same key after a 503', async () => {
  isBusy = true;
  const run = await ranFlow(http, DEFINITION);
  expect([run.status, run.output, run.error]).toEqual(['completed', '2', null]);
  const writes = api.seen.filter(({ method }) => method === 'POST');
  expect(
    writes.map(({ path, headers, body }) => [path, headers['idempotency-key'], JSON.parse(body) as unknown]),
  ).toEqual([
    ['/books', 'add-1', { title: 'Momo again' }],
    ['/books', 'add-1', { title: 'Momo again' }],
  ]);
});

it('fails the step with the status that the API answered', async () => {
  const steps = [{ id: 'read', call: { integration: 'books', operation: 'getBook', input: { id: 'none' } } }];
  const run = await ranFlow(http, { steps });
  expect([run.status, run.error?.code]).toEqual(['failed', 'HTTP_404']);
});

it('writes nothing in a dry run: the mock answers', async () => {
  const before = api.seen.filter(({ method }) => method === 'POST').length;
  const flow_id = await publishedFlow(http, DEFINITION);
  const { run_id } = await startRun(http, flow_id, { dry_run: true });
  const run = await runWhen(http, run_id);
  expect(run.status).toBe('completed');
  const add = run.steps.find(({ step_id }) => step_id === 'add');
  expect(add?.note).toContain("the integration's mock was called instead");
  expect(add?.output).toMatchObject({ id: expect.any(String) as string, title: expect.any(String) as string });
  expect(api.seen.filter(({ method }) => method === 'POST').length).toBe(before);
});

it('refuses to publish a write without a key, and an operation that the integration does not have', async () => {
  const [read, add] = DEFINITION.steps;
  const { idempotency_key: _key, ...unkeyed } = add!;
  const steps = [
    { ...read, call: { integration: 'books', operation: 'burnBook', input: {} } },
    { ...unkeyed, call: { ...unkeyed.call, input: { body: { title: 'x' } } } },
  ];
  const created = await http.post<{ flow_id: string }>('/api/v1/flows', {
    name: 'wrong',
    definition: { timeout_seconds: 60, steps },
  });
  const { status, error } = await http.post(`/api/v1/flows/${created.data.flow_id}/publish`);
  expect(status).toBe(422);
  const faults = (error?.details?.['faults'] ?? error?.details) as unknown;
  expect(JSON.stringify(faults)).toContain('steps[0].call.operation');
  expect(JSON.stringify(faults)).toContain('idempotency_key');
});

it('does not see an integration of another organization', async () => {
  const other = app.http.as('flow-apis-rival');
  const created = await other.post<{ flow_id: string }>('/api/v1/flows', {
    name: 'theirs',
    definition: {
      timeout_seconds: 60,
      steps: [{ id: 'a', call: { integration: integration_id, operation: 'getBook', input: { id: '1' } } }],
    },
  });
  const { status, error } = await other.post(`/api/v1/flows/${created.data.flow_id}/publish`);
  expect(status).toBe(422);
  expect(JSON.stringify(error)).toContain(`There is no integration \\"${integration_id}\\".`);
});

it('is named when a new version of the document breaks an operation that it calls', async () => {
  const changing = await importApi(http, BOOKS, { name: 'changing books', base_url: api.url });
  const [, add] = DEFINITION.steps;
  const call = { ...add!.call, integration: 'changing books', input: { body: { title: 'Momo' } } };
  const steps = [{ ...add, needs: [], idempotency_key: 'add', call }];
  const flow_id = await publishedFlow(http, { timeout_seconds: 60, steps }, 'adds books');
  const content = BOOKS.replace('required: [title]', 'required: [title, pages]');
  const { data } = await http.put<{
    diff: { affected: { kind: string; id: string; name: string; operation_ids: string[] }[] };
  }>(`/api/v1/integrations/${changing.integration_id}/document`, { source: { content } });
  const named = data.diff.affected.find(({ id }) => id === flow_id);
  expect(named).toMatchObject({ kind: 'flow', name: 'adds books' });
  expect(named?.operation_ids.length).toBe(1);
});
