import { fileURLToPath } from 'node:url';
import { agentDefinitionSchema } from '../../src/runtimes/agent-definition.js';
import { Settings } from '../../src/platform/config/settings.js';
import { HttpToolKind } from '../../src/tools/kinds/http/http.kind.js';
import { startApp, type TestApp } from '../support/app.js';
import { builtAgent, type BuiltAgent } from '../support/built-agent.js';
import type { Answer, HttpClient } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { registeredAgent } from '../support/registered-agent.js';
import { mcpOverHttp, type Service, shop, SHOP_DOCUMENT } from '../support/tool-services.js';

const SECRET = 'sk-very-secret-credential-4711';
const STDIO_SERVER = fileURLToPath(new URL('../support/mcp-stdio-server.ts', import.meta.url));
const ORDER_SCHEMA = {
  type: 'object',
  properties: { number: { type: 'string' } },
  required: ['number'],
  additionalProperties: false,
};

interface Tool {
  tool_id: string;
  name: string;
  agent_id: string | null;
  project_id: string;
  credential: unknown;
  operations: { name: string; operation: string; risk: string; input_schema: Record<string, unknown> }[];
}
interface Invocation {
  invocation_id: string;
  trace: { steps: { type: string; name: string; output?: unknown; error?: string }[] };
}
interface Trial {
  status: string;
  output: Record<string, unknown>;
  error: string;
  duration_ms: number;
}

let app: TestApp;
let http: HttpClient;
let agent: BuiltAgent;
let store: Service;
let mcp: Awaited<ReturnType<typeof mcpOverHttp>>;
let names = 0;

beforeAll(async () => {
  [app, store, mcp] = await Promise.all([startApp(), shop(), mcpOverHttp()]);
  http = app.http.as('tools-org');
  agent = await builtAgent(http);
});
afterAll(async () => {
  await app.close();
  await Promise.all([store.close(), mcp.close()]);
});

const newName = (): string => `made_${++names}`;

function attach(wish: Record<string, unknown>): Promise<Answer<Tool>> {
  return http.post<Tool>('/api/v1/tools', {
    name: newName(),
    description: 'A tool of this test',
    project_id: agent.project_id,
    ...wish,
  });
}

const attachHttp = (path: string, wish: Record<string, unknown> = {}, config: Record<string, unknown> = {}) =>
  attach({
    kind: 'http',
    config: { method: 'GET', url: store.url + path, input_schema: { type: 'object' }, ...config },
    ...wish,
  });

async function trial(tool_id: string, input: unknown, operation?: string): Promise<Trial> {
  const answer = await http.post<Trial>(`/api/v1/tools/${tool_id}/test`, {
    input,
    ...(operation ? { operation } : {}),
  });
  expect(answer.status).toBe(200);
  return answer.data;
}

describe('HTTP tools', () => {
  it('are attached, tried, and called by the agent that they are attached to', async () => {
    const { status, data } = await attachHttp(
      '/orders/{number}',
      { name: 'order_status', credential: { type: 'bearer', token: SECRET } },
      { input_schema: ORDER_SCHEMA },
    );
    expect(status).toBe(201);
    expect(data).toMatchObject({
      name: 'order_status',
      agent_id: null,
      credential: { type: 'bearer' },
      operations: [{ name: 'order_status', risk: 'read', input_schema: ORDER_SCHEMA }],
    });
    expect(await trial(data.tool_id, { number: 'A/17 b' })).toMatchObject({
      status: 'success',
      output: { status: 200, body: { number: 'A/17 b', state: 'shipped' } },
    });
    expect(store.seen.at(-1)).toMatchObject({ path: '/orders/A%2F17%20b', authorization: `Bearer ${SECRET}` });
    expect(await trial(data.tool_id, { number: '..' })).toMatchObject({ status: 'failed' });
    expect(await trial(data.tool_id, { number: 17 })).toMatchObject({
      error: 'The input of order_status is not valid: number must be string',
    });
    const run = await http.post<{ output: string; trace: { type: string; name: string }[] }>(`${agent.path}/invoke`, {
      input_text: 'What is the order status of A-17?',
    });
    expect([run.status, run.body.error]).toEqual([200, undefined]);
    expect(run.data.output).toContain('shipped');
    const precise = await http.post<{ output: string; trace: { name: string; input: unknown }[] }>(
      `${agent.path}/invoke`,
      {
        input_text: 'Call order_status with {"number": "B-2"}, please',
      },
    );
    expect(precise.data.output).toContain('"number":"B-2"');
    const wrong = await http.post<{ output: string }>(`${agent.path}/invoke`, { input_text: 'order_status {"nr": 1}' });
    expect(wrong.data.output).toContain("must have required property 'number'");
    await http.delete(`/api/v1/tools/${data.tool_id}`);
  });

  it.each([
    ['an endless answer of 10 MB', '/huge', 'The response is longer than 1048576 bytes'],
    ['a fault of the service', '/nothing', 'The service returned 404: {"problem":"no such thing"}'],
  ])('tell %s clearly', async (_, path, error) => {
    const { data } = await attachHttp(path);
    expect(await trial(data.tool_id, {})).toMatchObject({
      status: 'failed',
      error: expect.stringContaining(error) as string,
    });
  });

  it('give up an endpoint that hangs', async () => {
    const kind = app.app.get(HttpToolKind, { strict: false });
    expect(kind.timeout_ms).toBe(15_000);
    const { data } = await attachHttp('/hang');
    kind.timeout_ms = 2_000;
    try {
      const { error, duration_ms } = await trial(data.tool_id, {});
      expect(error).toContain('did not respond within 2 seconds');
      expect(duration_ms).toBeGreaterThan(1_900);
    } finally {
      kind.timeout_ms = 15_000;
    }
  });

  it.each([
    [{ name: 'calculator' }, {}, 'name'],
    [{ kind: 'ftp' }, {}, 'kind'],
    [{ project_id: undefined }, {}, 'project_id'],
    [{}, { url: 'file:///etc/passwd' }, 'config.url'],
    [{}, { url: 'http://{host}/x' }, 'config.url'],
    [{}, { headers: { Authorization: 'x' } }, 'config.headers'],
    [{}, { input_schema: { type: 'string' } }, 'config.input_schema'],
    [{}, { input_schema: { type: 'object', properties: 7 } }, 'config'],
    [{}, { allowed_hosts: ['elsewhere.example'] }, 'url'],
    [{ credential: { type: 'bearer', token: '' } }, {}, 'credential.token'],
    [{ credential: { type: 'key' } }, {}, 'credential.type'],
    [{ credential: { type: 'bearer', token: 'x' }, credential_id: 'cred_1' }, {}, 'credential_id'],
  ])('are refused with %j %j naming %s', async (wish, config, field) => {
    const { status, error } = await attachHttp('/orders/1', wish, config);
    expect(status).toBe(400);
    expect(Object.keys(error.details.fields ?? {})).toContain(field);
  });

  it.each([
    [{ project_id: undefined }, { project_id: ['is required unless agent_id is given'] }],
    [{ agent_id: 'proj_x:y' }, { project_id: ['must not be combined with agent_id'] }],
    [
      { credential: { type: 'bearer', token: 'x' }, credential_id: 'cred_1' },
      { credential_id: ['must not be combined with credential'] },
    ],
  ])('are refused with %j by reasons that stand alone', async (wish, fields) => {
    const { error } = await attachHttp('/orders/1', wish);
    expect(error.details.fields).toEqual(fields);
  });
});

describe('tools written for an agent', () => {
  const made = (name: string, source: string) => ({
    kind: 'code' as const,
    name,
    description: 'Made for this test',
    input_schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
    source: `function run({ n }) { ${source} }`,
  });
  const tools = [
    made('double_it', 'return { doubled: n * 2 };'),
    made('spin', 'for (;;) {}'),
    made('throwing', 'throw new RangeError("n is too " + n);'),
    made('flood', 'return "x".repeat(10 * 1024 * 1024);'),
  ];

  it('run in the sandbox; what goes wrong inside is told and stands in the trace', async () => {
    const { path } = await registeredAgent(app, {
      org_id: 'tools-org',
      agent_name: 'written',
      definition: agentDefinitionSchema.parse({
        ...{ schema_version: '1', agent_name: 'written', display_name: 'Written', description: 'x', role: 'a tester' },
        ...{ system_prompt: 'Obey.', tools },
      }),
    });
    const ask = async (input_text: string) => {
      const { data } = await http.post<Invocation>(`${path}/invoke`, { input_text });
      const stored = (await http.get<Invocation>(`/api/v1/invocations/${data.invocation_id}`)).data;
      return stored.trace.steps.find(({ type }) => type === 'tool');
    };
    expect(await ask('double_it {"n": 21}')).toMatchObject({ name: 'double_it', output: { doubled: 42 } });
    expect(await ask('spin {"n": 1}')).toMatchObject({ error: 'spin failed: it did not finish within 2 seconds.' });
    expect(await ask('throwing {"n": 3}')).toMatchObject({ error: 'throwing failed: RangeError: n is too 3.' });
    expect((await ask('flood {"n": 1}'))?.error).toContain('it returned 10485762 bytes; the limit is 262144');
    expect((await ask('double_it {"n": "x"}'))?.error).toContain('n must be number');
    const { data } = await http.get<{ capabilities: string[] }>(path);
    expect(data.capabilities).toEqual(expect.arrayContaining(['tool:double_it', 'tool:spin']) as string[]);
  });
});

describe('credentials', () => {
  it('stand nowhere in plain text: not in answers, lists, tables, or what the service sends back', async () => {
    const { data, body } = await attachHttp('/echo', { credential: { type: 'bearer', token: SECRET } });
    const { output } = await trial(data.tool_id, {});
    expect(output['body']).toEqual({ authorization: 'Bearer [credential]' });
    const shown = await Promise.all([http.get(`/api/v1/tools/${data.tool_id}`), http.get('/api/v1/tools')]);
    expect(JSON.stringify([body, output, ...shown.map((answer) => answer.body)])).not.toContain(SECRET);
    const settings = app.app.get(Settings, { strict: false });
    const rows = await leftovers(settings.get('DYNAMODB_ENDPOINT') ?? '', settings.get('NEXUS_TABLE_PREFIX'), [
      data.tool_id,
    ]);
    expect(rows['PlatformTools']?.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
    expect(JSON.stringify(rows)).toContain('"key_id"');
  });
});

describe('private addresses', () => {
  it.each([
    ['http', () => ({ method: 'GET', url: `${store.url}/orders/1`, input_schema: { type: 'object' } }), 'url'],
    ['mcp', () => ({ transport: { type: 'streamable_http', url: mcp.url } }), 'url'],
    ['openapi', () => ({ url: `${store.url}/openapi.json` }), 'url'],
    ['openapi', () => ({ document: SHOP_DOCUMENT, server_url: store.url }), 'url'],
    ['mcp', () => ({ transport: { type: 'stdio', command: process.execPath } }), 'config.transport.type'],
  ])('are refused for %s tools where the settings say so', async (kind, config, field) => {
    const closed = await startApp({ NEXUS_ALLOW_PRIVATE_ADDRESSES: 'false', NEXUS_ALLOW_STDIO_TOOLS: 'false' });
    try {
      const { data } = await closed.http.post<{ project_id: string }>('/api/v1/projects', {
        requirement: 'A calculator assistant that works out totals.',
      });
      const before = store.seen.length + mcp.seen.length;
      const wish = { kind, name: 'inner', description: 'x', project_id: data.project_id, config: config() };
      const { status, error } = await closed.http.post('/api/v1/tools', wish);
      expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
      expect(store.seen.length + mcp.seen.length).toBe(before);
    } finally {
      await closed.close();
    }
  });

  it('are refused at the call when only a name leads to them', async () => {
    const closed = await startApp({ NEXUS_ALLOW_PRIVATE_ADDRESSES: 'false' });
    try {
      const { project_id } = await builtAgent(closed.http);
      const { data } = await closed.http.post<Tool>('/api/v1/tools', {
        ...{ kind: 'http', name: 'inner', description: 'x', project_id },
        config: { method: 'GET', url: store.url.replace('127.0.0.1', 'localhost'), input_schema: { type: 'object' } },
      });
      const tried = await closed.http.post<Trial>(`/api/v1/tools/${data.tool_id}/test`, { input: {} });
      expect(tried.data).toMatchObject({
        status: 'failed',
        error: 'inner failed: The call was refused: url is a private, loopback, link-local or reserved address.',
      });
    } finally {
      await closed.close();
    }
  });
});

describe('MCP servers', () => {
  const overHttp = () => ({ type: 'streamable_http', url: mcp.url });
  const overStdio = () => ({ type: 'stdio', command: process.execPath, args: ['--no-warnings', STDIO_SERVER] });

  it('are called again when the server has lost the session', async () => {
    const { data } = await attach({ kind: 'mcp', config: { transport: overHttp() } });
    expect(await trial(data.tool_id, { a: 1, b: 1 }, 'add')).toMatchObject({ output: { text: '2' } });
    mcp.loseSessions();
    expect(await trial(data.tool_id, { a: 2, b: 40 }, 'add')).toMatchObject({ output: { text: '42' } });
  });

  it.each([
    ['streamable HTTP', overHttp],
    ['stdio', overStdio],
  ])('over %s offer their tools, and a fault of one call does not end the next', async (_, transport) => {
    const { status, data } = await attach({ kind: 'mcp', config: { transport: transport() } });
    expect(status).toBe(201);
    expect(data.operations.map(({ operation, risk }) => [operation, risk])).toEqual([
      ['add', 'read'],
      ['huge', 'write'],
      ['fail', 'write'],
      ['die', 'destructive'],
    ]);
    expect(data.operations[0]?.name).toBe(`${data.name}_add`);
    expect(await trial(data.tool_id, { a: 2, b: 40 }, 'add')).toMatchObject({ output: { text: '42' } });
    expect((await trial(data.tool_id, { a: 'x' }, 'add')).error).toContain('is not valid');
    expect((await trial(data.tool_id, {}, 'fail')).error).toContain('The tool failed: no luck');
    const huge = await trial(data.tool_id, {}, 'huge');
    expect(huge.error).toContain('The MCP server failed');
    expect(huge.duration_ms).toBeLessThan(10_000);
    const died = await trial(data.tool_id, {}, 'die');
    expect(died.error).toContain('The MCP server failed');
    expect(died.duration_ms).toBeLessThan(10_000);
    expect(await trial(data.tool_id, { a: 1, b: 1 }, 'add')).toMatchObject({ output: { text: '2' } });
    await http.delete(`/api/v1/tools/${data.tool_id}`);
  });

  it('that are none are refused', async () => {
    const wrong = await attach({ kind: 'mcp', config: { transport: { type: 'streamable_http', url: store.url } } });
    expect(wrong.status).toBe(400);
    expect(wrong.error.message).toContain('does not respond as an MCP server');
    const missing = await attach({
      kind: 'mcp',
      config: { transport: { type: 'stdio', command: '/no/such/program' } },
    });
    expect(missing.status).toBe(400);
  });
});

describe('OpenAPI documents', () => {
  it.each([
    ['by address', () => ({ url: `${store.url}/openapi.json` })],
    ['in the request', () => ({ document: SHOP_DOCUMENT, server_url: store.url })],
  ])('given %s make each operation a tool, also with circular schemas', async (_, config) => {
    const { status, data } = await attach({
      kind: 'openapi',
      config: config(),
      credential: { type: 'basic', username: 'me', password: SECRET },
    });
    expect(status).toBe(201);
    expect(data.operations.map(({ operation, risk }) => [operation, risk])).toEqual([
      ['getOrder', 'read'],
      ['cancelOrder', 'destructive'],
      ['addCategory', 'write'],
    ]);
    expect(await trial(data.tool_id, { number: 'B1', verbose: true }, 'getOrder')).toMatchObject({
      error: null,
      output: { body: { state: 'shipped' } },
    });
    expect(store.seen.at(-1)).toMatchObject({
      path: '/orders/B1?verbose=true',
      authorization: `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`,
    });
    const tree = { name: 'a', children: [{ name: 'b', children: [] }] };
    expect(await trial(data.tool_id, { body: tree }, 'addCategory')).toMatchObject({
      output: { status: 201, body: tree },
    });
    expect((await trial(data.tool_id, { body: { name: 'a', children: [{}] } }, 'addCategory')).error).toContain(
      "must have required property 'name'",
    );
    await http.delete(`/api/v1/tools/${data.tool_id}`);
  });

  it('are refused when they are none, or name what is not there', async () => {
    const none = await attach({ kind: 'openapi', config: { document: { openapi: '3.0.0', info: {} } } });
    expect([none.status, Object.keys(none.error.details.fields ?? {})]).toEqual([400, ['config.document']]);
    const other = await attach({
      kind: 'openapi',
      config: { document: SHOP_DOCUMENT, server_url: store.url, operations: ['fly'] },
    });
    expect(Object.keys(other.error.details.fields ?? {})).toEqual(['config.operations']);
    const file = { ...SHOP_DOCUMENT, paths: { '/a': { $ref: 'file:///etc/passwd' } } };
    expect((await attach({ kind: 'openapi', config: { document: file, server_url: store.url } })).status).toBe(400);
  });
});

describe('the registry', () => {
  it('shows and changes nothing of another organisation', async () => {
    const { data } = await attachHttp('/orders/1');
    const stranger = app.http.as('stranger');
    const path = `/api/v1/tools/${data.tool_id}`;
    const answers = [
      await stranger.get(path),
      await stranger.post(`${path}/test`, { input: {} }),
      await stranger.delete(path),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await stranger.get<{ tools: Tool[] }>('/api/v1/tools')).data.tools).toEqual([]);
    const foreign = { kind: 'http', name: 'x', description: 'x', config: {}, project_id: agent.project_id };
    expect(
      (
        await stranger.post('/api/v1/tools', {
          ...foreign,
          config: { method: 'GET', url: store.url, input_schema: { type: 'object' } },
        })
      ).status,
    ).toBe(404);
    expect((await http.get(path)).status).toBe(200);
    expect((await attachHttp('/orders/1', { name: data.name })).status).toBe(409);
  });

  it('lists by project and agent, page by page', async () => {
    const other = await builtAgent(http);
    const made: string[] = [];
    for (const owner of [{ project_id: other.project_id }, { agent_id: other.agent_id }, { agent_id: other.agent_id }])
      made.unshift((await attachHttp('/orders/1', { project_id: undefined, ...owner })).data.tool_id);
    const list = async (query: string) =>
      (await http.get<{ tools: Tool[]; last_key: string | null }>(`/api/v1/tools?${query}`)).data;
    expect((await list(`project_id=${other.project_id}`)).tools.map(({ tool_id }) => tool_id)).toEqual(made);
    expect((await list(`agent_id=${other.agent_id}`)).tools.map(({ tool_id }) => tool_id)).toEqual(made.slice(0, 2));
    const first = await list(`project_id=${other.project_id}&limit=2`);
    const second = await list(
      `project_id=${other.project_id}&limit=2&last_key=${encodeURIComponent(first.last_key ?? '')}`,
    );
    expect([...first.tools, ...second.tools].map(({ tool_id }) => tool_id)).toEqual(made);
    expect(second.last_key).toBeNull();
    await http.delete(`/api/v1/projects/${other.project_id}`);
    expect((await http.get(`/api/v1/tools/${made[0] ?? ''}`)).status).toBe(404);
    const settings = app.app.get(Settings, { strict: false });
    const rows = await leftovers(settings.get('DYNAMODB_ENDPOINT') ?? '', settings.get('NEXUS_TABLE_PREFIX'), made);
    expect(Object.keys(rows).filter((table) => table === 'PlatformTools')).toEqual([]);
  });

  it("deletes an agent's own tools with it and keeps those of the project", async () => {
    const other = await builtAgent(http);
    const own = (await attachHttp('/orders/1', { project_id: undefined, agent_id: other.agent_id })).data.tool_id;
    const shared = (await attachHttp('/orders/1', { project_id: other.project_id })).data.tool_id;
    await http.delete(other.path);
    expect((await http.get(`/api/v1/tools/${own}`)).status).toBe(404);
    expect((await http.get(`/api/v1/tools/${shared}`)).status).toBe(200);
  });
});
