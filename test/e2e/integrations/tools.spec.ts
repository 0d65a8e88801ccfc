import { startApp, type TestApp } from '../../support/app.js';
import { type ApiService, apiService } from '../../support/api-service.js';
import { builtAgent, type BuiltAgent } from '../../support/built-agent.js';
import type { HttpClient } from '../../support/http.js';
import { apiDocument, importApi } from '../../support/imported-api.js';

interface Attached {
  tool_id: string;
  operations: { name: string; operation_id: string; risk: string }[];
}

let app: TestApp;
let http: HttpClient;
let api: ApiService;
let agent: BuiltAgent;
let path: string;

beforeAll(async () => {
  [app, api] = await Promise.all([
    startApp(),
    apiService(({ path }) =>
      path === '/books/b2' ? { body: { id: 'b2', title: 'Momo' } } : { status: 404, body: { error: 'none' } },
    ),
  ]);
  http = app.http.as('api-tools-org');
  agent = await builtAgent(http);
  const made = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url: api.url });
  path = `/api/v1/integrations/${made.integration_id}/tools`;
});
afterAll(async () => {
  await app.close();
  await api.close();
});

describe('operations as tools', () => {
  it('are chosen by risk or by name, and called by the agents of the project', async () => {
    const { status, data } = await http.post<Attached>(path, {
      name: 'books',
      risk: 'read',
      project_id: agent.project_id,
    });
    expect([status, data.operations.map(({ name, risk }) => [name, risk])]).toEqual([
      201,
      [
        ['books_listBooks', 'read'],
        ['books_getBook', 'read'],
      ],
    ]);
    const run = await http.post<{ output: string; trace: { name: string }[] }>(`${agent.path}/invoke`, {
      input_text: 'Call books_getBook with {"id": "b2"}, please',
    });
    expect([run.status, run.data.output]).toEqual([200, expect.stringContaining('Momo') as string]);
    expect(api.seen.at(-1)).toMatchObject({ method: 'GET', path: '/books/b2' });
    const failed = await http.post<{ status: string; error: string }>(`/api/v1/tools/${data.tool_id}/test`, {
      operation: 'books_getBook',
      input: { id: 'gone' },
    });
    expect(failed.data).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('The service returned 404') as string,
    });
    await http.delete(`/api/v1/tools/${data.tool_id}`);
  });

  it('are attached to one agent by the former route too', async () => {
    const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'), { base_url: api.url });
    const { status, data } = await http.post<{ kind: string; operations: { name: string }[]; tool_id: string }>(
      '/api/v1/tools',
      {
        ...{ kind: 'integration', name: 'shelf', description: 'Books', agent_id: agent.agent_id },
        config: { integration_id, operations: ['addBook'] },
      },
    );
    expect([status, data.kind, data.operations.map(({ name }) => name)]).toEqual([
      201,
      'integration',
      ['shelf_addBook'],
    ]);
    await http.delete(`/api/v1/tools/${data.tool_id}`);
  });

  it.each([
    [{ operations: ['nothing', 'getBook'] }, { operations: ['names operations that cannot be called: nothing'] }],
    [{}, { operations: ['is required unless risk is given'] }],
    [{ operations: ['getBook'], risk: 'read' }, { operations: ['must not be combined with risk'] }],
    [{ operations: ['getBook'], agent_id: 'proj_x:y' }, { project_id: ['must not be combined with agent_id'] }],
  ])('refuses %j', async (wish, fields) => {
    const { status, error } = await http.post(path, { name: 'no', project_id: agent.project_id, ...wish });
    expect([status, error.details.fields]).toEqual([400, fields]);
  });
});
