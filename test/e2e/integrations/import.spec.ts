import { startApp, type TestApp } from '../../support/app.js';
import { type ApiService, apiService } from '../../support/api-service.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi, settled, type WireIntegration } from '../../support/imported-api.js';

interface Operation {
  operation_id: string;
  name: string;
  method: string;
  path: string;
  risk: string;
  input_schema: Record<string, unknown>;
  output_schema: Record<string, unknown> | null;
}
interface OperationList {
  operations: Operation[];
  total: number;
  last_key: string | null;
}

let app: TestApp;
let http: HttpClient;
let files: ApiService;
const BOOKS = apiDocument('books.openapi-3.1.yaml');

beforeAll(async () => {
  const split = BOOKS.replace("{ $ref: '#/components/schemas/NewBook' }", "{ $ref: 'parts.yaml#/NewBook' }");
  const texts: Record<string, string> = {
    '/api.yaml': split,
    '/parts.yaml': 'NewBook: { type: object, required: [isbn], properties: { isbn: { type: string } } }',
    '/broken.yaml': BOOKS.replace('parts.yaml', 'none.yaml'),
    '/lost.yaml': split.replace('parts.yaml', 'lost-parts.yaml'),
  };
  [app, files] = await Promise.all([
    startApp(),
    apiService(({ path }) => (texts[path] === undefined ? { status: 404 } : { body: texts[path] })),
  ]);
  http = app.http.as('import-org');
});
afterAll(async () => {
  await app.close();
  await files.close();
});

const operationsOf = async (id: string, query = ''): Promise<OperationList> =>
  (await http.get<OperationList>(`/api/v1/integrations/${id}/operations${query}`)).data;

describe('importing a document', () => {
  it.each([
    ['books.openapi-3.1.yaml', 'openapi', 4],
    ['orders.swagger-2.0.json', 'openapi', 3],
    ['tickets.postman-2.1.json', 'postman', 4],
    ['library.graphql', 'graphql', 4],
    ['lights.asyncapi-2.6.yaml', 'asyncapi', 2],
    ['lights.asyncapi-3.0.yaml', 'asyncapi', 2],
  ])('finds every operation of %s', async (name, format, count) => {
    const integration = await importApi(http, apiDocument(name));
    expect(integration).toMatchObject({ status: 'ready', format, operation_count: count, version: 1 });
    expect((await operationsOf(integration.integration_id)).total).toBe(count);
  });

  it('answers 202 at once and reports the progress as events', async () => {
    const { status, data } = await http.post<WireIntegration>('/api/v1/integrations', {
      name: 'Books',
      source: { content: BOOKS },
    });
    expect([status, data.status, data.version]).toEqual([202, 'importing', 0]);
    const events = await http.raw('GET', `/api/v1/integrations/${data.integration_id}/events`);
    const states = [...(await events.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, json]) => JSON.parse(json ?? '') as WireIntegration,
    );
    expect(states.at(-1)).toMatchObject({
      status: 'ready',
      version: 1,
      operation_count: 4,
      import: { status: 'done' },
    });
  });

  it('takes a file in a form', async () => {
    await http.ready();
    const form = new FormData();
    form.append('name', 'From a file');
    form.append('file', new Blob([BOOKS]), 'books.yaml');
    const response = await fetch(`${app.url}/api/v1/integrations`, {
      method: 'POST',
      headers: http.headers,
      body: form,
    });
    const { data } = (await response.json()) as { data: WireIntegration };
    expect([response.status, data.name]).toEqual([202, 'From a file']);
    expect(await settled(http, data.integration_id)).toMatchObject({ status: 'ready', operation_count: 4 });
  });

  it('refuses a file of more than 25 MB', async () => {
    await http.ready();
    const form = new FormData();
    form.append('name', 'Too large');
    form.append('file', new Blob([Buffer.alloc(25 * 1024 * 1024 + 1, ' ')]), 'large.json');
    const response = await fetch(`${app.url}/api/v1/integrations`, {
      method: 'POST',
      headers: http.headers,
      body: form,
    });
    const { error } = (await response.json()) as { error: { code: string } };
    expect([response.status, error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('fetches an address and the files that it refers to', async () => {
    const made = await http.post<WireIntegration>('/api/v1/integrations', {
      name: 'Remote',
      source: { url: `${files.url}/api.yaml` },
    });
    expect(made.status).toBe(202);
    const { integration_id } = await settled(http, made.data.integration_id);
    const { data } = await http.get<Operation>(`/api/v1/integrations/${integration_id}/operations/addBook`);
    expect(JSON.stringify(data.input_schema)).toContain('"required":["isbn"]');
    expect(files.seen.map(({ path }) => path)).toEqual(expect.arrayContaining(['/api.yaml', '/parts.yaml']));
  });

  it.each([
    [{ url: 'http://169.254.169.254/api.yaml' }, 'source.url'],
    [{ url: 'file:///etc/passwd' }, 'source.url'],
    [{}, 'source'],
    [{ content: 17 }, 'source.content'],
    [{ url: 'https://a.example', content: 'x' }, 'source'],
  ])('refuses the source %j', async (source, field) => {
    const { status, error } = await http.post('/api/v1/integrations', { name: 'No', source });
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
  });

  it('names an address that it cannot use', async () => {
    const lost = await http.post('/api/v1/integrations', { name: 'No', source: { url: `${files.url}/lost.yaml` } });
    expect([lost.status, lost.error.details.fields]).toEqual([
      400,
      { 'source.url': [`returned 404: ${files.url}/lost-parts.yaml`] },
    ]);
  });

  it('refuses a broken document with every fault, and stores nothing', async () => {
    const before = (await http.get<{ total: number }>('/api/v1/integrations?limit=100')).data.total;
    const content = BOOKS.replace('version: 1.2.0', 'version: 12').replace("schemas/Book' } }\n", "schemas/Bok' } }\n");
    const { status, error } = await http.post('/api/v1/integrations', { name: 'Broken', source: { content } });
    expect([status, error.code]).toEqual([422, 'DOCUMENT_INVALID']);
    expect(error.details).toMatchObject({
      fault_count: 2,
      faults: [
        { pointer: '/info/version', line: 2, message: 'must be string' },
        { pointer: expect.stringMatching(/items\/\$ref$/) as string, line: 25 },
      ],
    });
    expect((await http.get<{ total: number }>('/api/v1/integrations?limit=100')).data.total).toBe(before);
  });
});

describe('the catalogue', () => {
  it('is searched by words, risk and tag, page by page', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const names = async (query: string) =>
      (await operationsOf(integration_id, query)).operations.map(({ name }) => name);
    expect(await names('?risk=read')).toEqual(['listBooks', 'getBook']);
    expect(await names('?tag=books&risk=write')).toEqual(['addBook']);
    expect((await names('?query=delete%20book'))[0]).toBe('deleteBook');
    expect(await names('?query=giraffe')).toEqual([]);
    const first = await operationsOf(integration_id, '?limit=3');
    expect([first.operations.length, first.total]).toEqual([3, 4]);
    const second = await operationsOf(integration_id, `?limit=3&last_key=${first.last_key ?? ''}`);
    expect([second.operations.map(({ name }) => name), second.last_key]).toEqual([['deleteBook'], null]);
    const forged = await http.get(`/api/v1/integrations/${integration_id}/operations?last_key=abc`);
    expect(forged.status).toBe(400);
  });

  it('shows one operation by its id, its name or the id of the document', async () => {
    const { integration_id } = await importApi(http, apiDocument('orders.swagger-2.0.json'));
    const path = `/api/v1/integrations/${integration_id}/operations`;
    const [byName, bySource] = await Promise.all([
      http.get<Operation>(`${path}/orders_create`),
      http.get<Operation>(`${path}/orders.create`),
    ]);
    const byId = await http.get<Operation>(`${path}/${byName.data.operation_id}`);
    expect(byId.data).toEqual(byName.data);
    expect(bySource.data).toEqual(byName.data);
    expect(byName.data.input_schema).toMatchObject({
      required: ['body'],
      $defs: { Order: { properties: { parent: { $ref: '#/$defs/Order' } } } },
    });
    expect((await http.get(`${path}/nothing`)).status).toBe(404);
  });

  it('belongs to its organization', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    const stranger = app.http.as('other-import-org');
    for (const path of ['', '/operations', '/operations/getBook', '/events'])
      expect((await stranger.get(`/api/v1/integrations/${integration_id}${path}`)).status).toBe(404);
    const viewer = app.http.as('import-org', 'reader', ['viewer']);
    expect((await viewer.get(`/api/v1/integrations/${integration_id}`)).status).toBe(200);
    expect((await viewer.delete(`/api/v1/integrations/${integration_id}`)).status).toBe(403);
  });

  it('is deleted with everything in it', async () => {
    const { integration_id } = await importApi(http, BOOKS);
    expect((await http.delete(`/api/v1/integrations/${integration_id}`)).status).toBe(200);
    expect((await http.get(`/api/v1/integrations/${integration_id}`)).status).toBe(404);
    expect((await http.get(`/api/v1/integrations/${integration_id}/operations`)).status).toBe(404);
  });
});
