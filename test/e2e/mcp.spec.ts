import { createParser } from 'eventsource-parser';
import { apiService } from '../support/api-service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { publishedFlow } from '../support/flows.js';
import { eventually, type HttpClient } from '../support/http.js';
import { apiDocument, importApi } from '../support/imported-api.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';

/** The official client is in test/clients/mcp; here is what it cannot send, and what must not be answered. */
let app: TestApp;
/** On the same database, with agents that obey. */
let slow: TestApp;
let agent: BuiltAgent;
let obedient: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  slow = await startBeside(app, new ObedientRuntime());
  agent = await builtAgent(app.http);
  obedient = await registeredAgent(app);
});
afterAll(async () => {
  await slow.close();
  await app.close();
});

interface Message {
  id?: number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
};

/** Every message of the answer, whether it came as JSON or as a stream. */
async function exchange(
  http: HttpClient,
  body: unknown,
  { path = '/mcp', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; messages: Message[] }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await http.raw('POST', path, text, { ...HEADERS, ...headers });
  const answer = await response.text();
  const messages: Message[] = [];
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const parser = createParser({
      onEvent: ({ data }) => {
        if (data !== '') messages.push(JSON.parse(data) as Message);
      },
    });
    parser.feed(answer);
  } else if (answer !== '') messages.push(JSON.parse(answer) as Message);
  return { status: response.status, headers: response.headers, messages };
}

async function rpc(
  method: string,
  params: Record<string, unknown> = {},
  { http = app.http, path = '/mcp' }: { http?: HttpClient; path?: string } = {},
): Promise<Message> {
  const { messages } = await exchange(http, { jsonrpc: '2.0', id: 7, method, params }, { path });
  return messages.at(-1) ?? {};
}
const call = (name: string, args: Record<string, unknown>, http = app.http) =>
  rpc('tools/call', { name, arguments: args }, { http });
const toolNames = ({ result }: Message): string[] => (result?.['tools'] as { name: string }[]).map(({ name }) => name);

describe('who may ask', () => {
  it('gets the metadata of RFC 9728, which says how to sign in', async () => {
    const { status, headers, messages } = await exchange(app.http.anonymous(), {
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
    });
    expect(status).toBe(401);
    const [, address = ''] = /resource_metadata="([^"]+)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
    expect(messages).toEqual([
      {
        jsonrpc: '2.0',
        id: null,
        error: {
          code: -32000,
          message: 'Authentication is required',
          data: expect.objectContaining({ code: 'UNAUTHENTICATED' }) as unknown,
        },
      },
    ]);
    expect(await (await fetch(address)).json()).toEqual({
      resource: `${app.url}/mcp`,
      bearer_methods_supported: ['header'],
      resource_name: 'Nexus',
      resource_documentation: `${app.url}/docs`,
    });
    const own = await fetch(`${app.url}/.well-known/oauth-protected-resource/mcp/agents/a`);
    expect(await own.json()).toMatchObject({ resource: `${app.url}/mcp/agents/a` });
  });

  it('has the role developer, and comes from no foreign page', async () => {
    const viewer = await exchange(app.http.as('default', 'onlooker', ['viewer']), {
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
    });
    expect(viewer).toMatchObject({ status: 403, messages: [{ error: { data: { code: 'PERMISSION_DENIED' } } }] });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const foreign = await app.http.raw('POST', '/mcp', body, { ...HEADERS, origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
  });

  it('sees nothing of another organization', async () => {
    const http = app.http.as('org_rival', 'intruder');
    expect(toolNames(await rpc('tools/list', {}, { http }))).toEqual([
      'search_agents',
      'start_build',
      'get_build',
      'run_flow',
      'get_flow_run',
    ]);
    expect((await rpc('prompts/list', {}, { http })).result).toMatchObject({ prompts: [{ name: 'build_agent' }] });
    expect((await rpc('resources/list', {}, { http })).result?.['resources']).toEqual([]);
    const artifact = `nexus://projects/${agent.project_id}/artifacts/agent.json`;
    expect((await rpc('resources/read', { uri: artifact }, { http })).error).toMatchObject({
      code: -32602,
      data: { uri: artifact },
    });
    expect(await call(agent.agent_id, { message: 'hi' }, http)).toMatchObject({ result: { isError: true } });
    expect(await call('get_build', { project_id: agent.project_id }, http)).toMatchObject({
      result: { isError: true },
    });
    const path = `/mcp/agents/${encodeURIComponent(agent.agent_id)}`;
    expect(await rpc('tools/list', {}, { http, path })).toMatchObject({
      error: { data: { code: 'RESOURCE_NOT_FOUND' } },
    });
  });
});

describe('tools', () => {
  it('come in pages, with names that are unique and do not depend on the order', async () => {
    const org_id = 'org_many';
    const http = app.http.as(org_id, 'owner');
    await http.get('/api/v1/agents');
    for (let index = 0; index < 60; index++)
      await registeredAgent(app, {
        org_id,
        project_id: `proj_many${String(index).padStart(8, '0')}`,
        agent_name: index < 2 ? 'twin' : `agent-${String(index).padStart(2, '0')}`,
        build_id: `bld_many_${index}`,
      });
    const first = await rpc('tools/list', {}, { http });
    const { nextCursor: cursor } = first.result as { nextCursor: string };
    const rest = await rpc('tools/list', { cursor }, { http });
    const names = [...toolNames(first), ...toolNames(rest)];
    expect(toolNames(first)).toHaveLength(50);
    expect(rest.result?.['nextCursor']).toBeUndefined();
    expect(new Set(names).size).toBe(65);
    expect(names.filter((name) => name.startsWith('twin'))).toEqual(['twin.00000000', 'twin.00000001']);
    const wrong = await rpc('tools/list', { cursor: 'bm90aGluZw' }, { http });
    expect(wrong.error).toMatchObject({ code: -32602 });
  });

  it('run an agent: one record, which the other doors read', async () => {
    const name = agent.agent_id.slice(agent.agent_id.indexOf(':') + 1);
    const { result } = await call(name, { message: 'What is 15 percent of 80?' });
    expect(result).toMatchObject({ content: [{ type: 'text', text: expect.stringContaining('12') as unknown }] });
    const { output, invocation_id, session_id } = result?.['structuredContent'] as Record<string, string>;
    const record = await app.http.get(`/api/v1/invocations/${invocation_id}`);
    expect(record.data).toMatchObject({
      output,
      session_id,
      status: 'success',
      user_id: 'developer',
      agent_id: agent.agent_id,
    });
    const next = await call(agent.agent_id, { message: 'What did I ask?', session_id });
    expect(next.result?.['structuredContent']).toMatchObject({ session_id });
    const messages = await app.http.get<{ messages: unknown[] }>(`/api/v1/sessions/${session_id ?? ''}/messages`);
    expect(messages.data.messages).toHaveLength(4);
  });

  it('answer refusals and failed runs as results, and unknown tools as errors', async () => {
    const wrong = await call('get_build', { project_id: '', other: 1 });
    expect(wrong.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^The arguments are not valid. project_id: /) as unknown }],
    });
    expect(await call('start_build', { requirement: 'short' })).toMatchObject({ result: { isError: true } });
    expect((await call('nothing', {})).error).toMatchObject({ code: -32602, message: 'Unknown tool: nothing' });
    const failing = await call('obedient', { message: 'fail runtime' }, slow.http);
    expect(failing.result).toMatchObject({
      isError: true,
      _meta: { 'nexus/error': { code: 'AGENT_INVOCATION_FAILED' } },
    });
    const { invocation_id } = (failing.result?.['_meta'] as { 'nexus/error': { details: { invocation_id: string } } })[
      'nexus/error'
    ].details;
    expect((await app.http.get(`/api/v1/invocations/${invocation_id}`)).data).toMatchObject({ status: 'failed' });
  });

  it('report progress to a caller who asks for it', async () => {
    const params = { name: 'obedient', arguments: { message: 'wait 1' }, _meta: { progressToken: 'p' } };
    const { messages } = await exchange(slow.http, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const [first, second] = messages;
    expect(first).toMatchObject({
      method: 'notifications/progress',
      params: { progressToken: 'p', progress: 1, message: expect.stringMatching(/^Run inv_/) as unknown },
    });
    expect(second).toMatchObject({
      params: { progress: 2, message: expect.stringMatching(/characters\.$/) as unknown },
    });
    expect(messages.at(-1)).toMatchObject({ id: 1, result: { structuredContent: {} } });
  });

  it('stop when the request is cancelled, and when the caller goes away', async () => {
    const ended = async (input_text: string) => {
      const runs = await app.http.get<{
        invocations: { input_text: string; status: string; error: { reason: string } }[];
      }>(`${obedient.path}/invocations?limit=100`);
      return runs.data.invocations.find((run) => run.input_text === input_text && run.status !== 'running');
    };
    const message = (text: string) => ({
      jsonrpc: '2.0',
      id: 41,
      method: 'tools/call',
      params: { name: 'obedient', arguments: { message: text }, _meta: { progressToken: 1 } },
    });
    const headers = { 'mcp-session-id': 'of-this-test' };
    const started = await slow.http.raw('POST', '/mcp', JSON.stringify(message('wait 59001')), {
      ...HEADERS,
      ...headers,
    });
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 41 } };
    // Of another session: the same number of another request.
    const other = await exchange(slow.http, cancelled, { headers: { 'mcp-session-id': 'another' } });
    expect(other.status).toBe(202);
    expect(await ended('wait 59001')).toBeUndefined();
    expect((await exchange(slow.http, cancelled, { headers })).status).toBe(202);
    expect(await eventually(() => ended('wait 59001'), Boolean)).toMatchObject({
      error: { reason: 'cancelled' },
    });
    await started.body?.cancel();

    const left = await slow.http.raw('POST', '/mcp', JSON.stringify(message('wait 59002')), HEADERS);
    await left.body?.cancel();
    expect(await eventually(() => ended('wait 59002'), Boolean)).toMatchObject({
      error: { reason: 'cancelled' },
    });
  });

  it('find agents, build one and follow it', async () => {
    const found = await call('search_agents', { query: 'CALCULATOR' });
    expect(found.result?.['structuredContent']).toMatchObject({
      agents: [{ agent_id: agent.agent_id, tool: 'calculator_assistant' }],
    });
    const requirement = 'A helper that converts temperatures between Celsius and Fahrenheit.';
    const { result } = await call('start_build', { requirement });
    const { project_id } = result?.['structuredContent'] as { project_id: string };
    const build = await eventually(
      async () =>
        (await call('get_build', { project_id })).result?.['structuredContent'] as { status: string; agents: string[] },
      ({ status }) => status === 'completed',
    );
    expect(build.agents).toHaveLength(1);
    const audit = await app.http.get<{ entries: { target?: string; actor: string }[] }>(
      '/api/v1/audit?action=project.created',
    );
    expect(audit.data.entries).toContainEqual(
      expect.objectContaining({ target: project_id, actor: 'developer', outcome: 'success' }),
    );
  });
});

describe('a build that proves nothing', () => {
  const requirement = 'An agent that triages bug reports by severity.';
  const ended = async (asked: Record<string, unknown>) => {
    const { result } = await call('start_build', { requirement, ...asked });
    const { project_id } = result?.['structuredContent'] as { project_id: string };
    return eventually(
      async () => (await call('get_build', { project_id })).result?.['structuredContent'] as { status: string },
      ({ status }) => status === 'completed' || status === 'failed',
    );
  };

  it('tells the host why, and is built when the host accepts that', async () => {
    expect(await ended({})).toMatchObject({
      status: 'failed',
      coverage: null,
      error_code: 'REQUIREMENT_NOT_PROVEN',
      suggestion: expect.stringContaining('accept_unproven: true') as string,
    });
    expect(await ended({ accept_unproven: true })).toMatchObject({
      status: 'completed',
      coverage: { proven: 0, total: 1, warning: expect.stringContaining('R-1') as string },
      error_code: null,
    });
  });
});

describe('flows', () => {
  it('are run by their id or their name, and seen by their own organization only', async () => {
    const definition = {
      timeout_seconds: 60,
      steps: [{ id: 'double', transform: 'input.n * 2' }],
      output: '${{ steps.double.output }}',
    };
    const flow_id = await publishedFlow(app.http, definition, 'doubles a number');
    const byName = await call('run_flow', { flow: 'doubles a number', input: { n: 21 } });
    const run = byName.result?.['structuredContent'] as { run_id: string };
    expect(run).toMatchObject({ flow_id, status: 'completed', output: 42, steps: [{ step: 'double' }] });
    expect((await call('get_flow_run', { run_id: run.run_id })).result?.['structuredContent']).toEqual(run);
    const keyed = { flow: flow_id, input: { n: 1 }, idempotency_key: 'once' };
    const [first, second] = [await call('run_flow', keyed), await call('run_flow', keyed)];
    expect(second.result?.['structuredContent']).toEqual(first.result?.['structuredContent']);
    const rival = app.http.as('org_rival', 'intruder');
    for (const [name, args] of [
      ['run_flow', { flow: flow_id }],
      ['run_flow', { flow: 'doubles a number' }],
      ['get_flow_run', { run_id: run.run_id }],
    ] as const)
      expect((await call(name, args, rival)).result).toMatchObject({
        isError: true,
        _meta: { 'nexus/error': { code: 'RESOURCE_NOT_FOUND' } },
      });
  });
});

describe('the endpoint of one agent', () => {
  it('offers this agent only, with the documents of its project', async () => {
    const path = `/mcp/agents/${encodeURIComponent(agent.agent_id)}`;
    expect(toolNames(await rpc('tools/list', {}, { path }))).toEqual(['calculator_assistant']);
    expect(
      (await rpc('tools/call', { name: 'obedient', arguments: { message: 'hello' } }, { path })).error,
    ).toMatchObject({ code: -32602 });
    const { resources } = (await rpc('resources/list', {}, { path })).result as { resources: { uri: string }[] };
    expect(resources.every(({ uri }) => uri.includes(agent.project_id))).toBe(true);
    const uri = `nexus://projects/${agent.project_id}/artifacts/agent.json`;
    expect((await rpc('resources/read', { uri }, { path })).result).toMatchObject({
      contents: [{ uri, mimeType: 'application/json' }],
    });
    const foreign = `/mcp/agents/${encodeURIComponent(obedient.agent_id)}`;
    expect((await rpc('resources/read', { uri }, { path: foreign })).error).toMatchObject({ code: -32602 });
    const { messages } = (await rpc('prompts/get', { name: 'calculator_assistant' }, { path })).result as {
      messages: unknown[];
    };
    expect(messages).toEqual([
      {
        role: 'user',
        content: { type: 'text', text: expect.stringMatching(/^These are things to ask.*\n- /) as unknown },
      },
    ]);
  });
});

it.each([
  ['no JSON', '{"jsonrpc": ', 400, -32700],
  ['a list', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32700],
  ['no method', '{"jsonrpc":"2.0","id":1}', 400, undefined],
  ['too much', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(1_100_000)}"}}`, 413, -32600],
  ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}', 200, -32601],
  ['params of a wrong type', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}', 200, undefined],
  [
    'an odd address',
    '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"nexus://agents/%ff/knowledge/%"}}',
    200,
    -32602,
  ],
])('refuses %s as a JSON-RPC error', async (_what, body, status, code) => {
  const answer = await exchange(app.http, body);
  expect(answer.status).toBe(status);
  const { error } = answer.messages.at(-1) ?? {};
  expect(error?.code).toBeLessThan(-32_000);
  if (code !== undefined) expect(error?.code).toBe(code);
});

it('ends a subscription at once, because it announces no changes', async () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { notifications: { toolsListChanged: true }, _meta };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
  const body = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params };
  const { messages } = await exchange(app.http, body, { headers });
  expect(messages).toMatchObject([{ params: { notifications: {} } }, { id: 1, result: { resultType: 'complete' } }]);
});

it('answers 405 where a stream or the end of a session is asked for, and 415 for another type of body', async () => {
  for (const method of ['GET', 'DELETE'])
    expect((await app.http.raw(method, '/mcp', undefined, { accept: 'text/event-stream' })).status).toBe(405);
  const plain = await app.http.raw('POST', '/mcp', '{}', { ...HEADERS, 'content-type': 'text/plain' });
  expect(plain.status).toBe(415);
});

describe('operations of imported APIs', () => {
  it('are tools that call the API under the rights of the caller', async () => {
    const api = await apiService(({ path }) =>
      path === '/books/b2' ? { body: { id: 'b2', title: 'Momo' } } : { status: 404, body: { error: 'none' } },
    );
    const http = app.http.as('mcp-operations');
    const { integration_id } = await importApi(http, apiDocument('books.openapi-3.1.yaml'), {
      base_url: api.url,
      name: 'My books',
    });
    const ask = async (client: HttpClient, method: string, params: object = {}) => {
      const { messages } = await exchange(client, { jsonrpc: '2.0', id: 1, method, params });
      return messages.find(({ id }) => id === 1);
    };
    const listed = await ask(http, 'tools/list');
    const tools = (listed?.result?.['tools'] ?? []) as { name: string; annotations: object; _meta?: object }[];
    expect(tools.find(({ name }) => name === 'My_books_getBook')).toMatchObject({
      annotations: { readOnlyHint: true, destructiveHint: false },
      _meta: { 'nexus/integration_id': integration_id },
    });
    expect(tools.find(({ name }) => name === 'My_books_deleteBook')?.annotations).toMatchObject({
      destructiveHint: true,
    });
    const call = (client: HttpClient, id: unknown) =>
      ask(client, 'tools/call', { name: 'My_books_getBook', arguments: { id } });
    expect((await call(http, 'b2'))?.result).toMatchObject({
      structuredContent: { status: 200, body: { id: 'b2', title: 'Momo' } },
    });
    expect((await call(http, 'gone'))?.result).toMatchObject({ isError: true, structuredContent: { status: 404 } });
    expect((await call(http, 7.5))?.result).toMatchObject({
      isError: true,
      _meta: { 'nexus/error': { code: 'VALIDATION_ERROR' } },
    });
    expect((await call(app.http.as('mcp-others'), 'b2'))?.error?.message).toContain('Unknown tool');
    const audit = await http.get<{ entries: { action: string; target: string }[] }>('/api/v1/audit?limit=50');
    expect(audit.data.entries.filter(({ action }) => action === 'integration.operation_called')).not.toHaveLength(0);
    await api.close();
  });
});
