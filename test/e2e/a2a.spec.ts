import { createParser } from 'eventsource-parser';
import { CountingRuntime } from '../support/counting-runtime.js';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually, type HttpClient } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { leftoversOf, startBeside } from '../support/shared-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** The official client is in test/clients/a2a; here is what needs slow and failing agents, two processes, or what it cannot send. */
let app: TestApp;
let other: TestApp;
let agent: BuiltAgent;
let second: BuiltAgent;
let endpoint: string;

beforeAll(async () => {
  app = await startApp({}, new CountingRuntime());
  other = await startBeside(app, new ObedientRuntime());
  agent = await registeredAgent(app);
  second = await registeredAgent(app, { agent_name: 'second', build_id: 'bld_second' });
  endpoint = `/a2a/agents/${encodeURIComponent(agent.agent_id)}`;
});
afterAll(async () => {
  await other.close();
  await app.close();
});

interface Task {
  id: string;
  contextId: string;
  status: { state: string; message?: { parts: { text: string }[] } };
  artifacts?: { parts: { text: string }[] }[];
}
interface Update {
  task?: Task;
  statusUpdate?: { taskId: string; status: Task['status'] };
  artifactUpdate?: { artifact: { parts: { text: string }[] }; append?: boolean; lastChunk?: boolean };
}
interface Answer {
  status: number;
  result: Record<string, unknown> & { task?: Task };
  error: { code: number; message: string; data?: { reason: string }[] };
}
const VERSION = { 'a2a-version': '1.0', 'content-type': 'application/json' };

async function rpc(
  method: string,
  params: unknown,
  { http = app.http, path = endpoint }: { http?: HttpClient; path?: string } = {},
): Promise<Answer> {
  const response = await http.raw('POST', path, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), VERSION);
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
}
const said = (text: string, more: object = {}) => ({
  message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text }], ...more },
});

/** Updates until the stream ends, or until there are `atMost`; then the connection is closed. */
async function stream(method: string, params: unknown, { http = app.http, atMost = Infinity } = {}): Promise<Update[]> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await http.raw('POST', endpoint, body, { ...VERSION, accept: 'text/event-stream' });
  const updates: Update[] = [];
  const parser = createParser({
    onEvent: ({ data }) => updates.push((JSON.parse(data) as { result: Update }).result),
  });
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    parser.feed(chunk);
    if (updates.length >= atMost) break;
  }
  return updates.slice(0, atMost);
}
const textOf = (updates: Update[]): string =>
  updates.map(({ artifactUpdate }) => artifactUpdate?.artifact.parts[0]?.text ?? '').join('');
const states = (updates: Update[]): string[] =>
  updates.flatMap(({ task, statusUpdate }) => task?.status.state ?? statusUpdate?.status.state ?? []);

describe('a task', () => {
  it('goes on when its caller leaves, and is followed again from another process, from its first word', async () => {
    const [first] = await stream('SendStreamingMessage', said('count 40 every 10'), { atMost: 3 });
    const id = first?.task?.id ?? '';
    const followed = await stream('SubscribeToTask', { id }, { http: other.http });
    expect(followed[0]?.task).toMatchObject({ id, status: { state: 'TASK_STATE_WORKING' } });
    expect(states(followed).at(-1)).toBe('TASK_STATE_COMPLETED');
    const record = await app.http.get(`/api/v1/invocations/${id}`);
    expect(record.data).toMatchObject({ output: textOf(followed), status: 'success', background: true });
    const ended = await rpc('SubscribeToTask', { id });
    expect(ended.error.data?.[0]).toMatchObject({ reason: 'UNSUPPORTED_OPERATION' });
  });

  it('is cancelled from another process, once', async () => {
    const started = await rpc('SendMessage', {
      ...said('count 900 every 10'),
      configuration: { returnImmediately: true },
    });
    const { id = '', status } = started.result.task ?? {};
    expect(status?.state).toBe('TASK_STATE_WORKING');
    const cancelled = await rpc('CancelTask', { id }, { http: other.http });
    expect(cancelled.result).toMatchObject({ id, status: { state: 'TASK_STATE_CANCELED' } });
    expect((await app.http.get(`/api/v1/invocations/${id}`)).data).toMatchObject({ error: { reason: 'cancelled' } });
    expect((await rpc('CancelTask', { id })).error.data?.[0]).toMatchObject({ reason: 'TASK_NOT_CANCELABLE' });
  });

  it('has failed when its run has, also in a stream', async () => {
    const { result } = await rpc('SendMessage', said('fail runtime'), { http: other.http });
    expect(result.task?.status).toMatchObject({
      state: 'TASK_STATE_FAILED',
      message: { parts: [{ text: 'failed as told: runtime' }] },
    });
    const updates = await stream('SendStreamingMessage', said('fail limit'), { http: other.http });
    expect(states(updates)).toEqual(['TASK_STATE_WORKING', 'TASK_STATE_FAILED']);
  });

  it('stops when the caller of a message that waits for the answer leaves', async () => {
    const input_text = 'wait 58000';
    const leave = new AbortController();
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: said(input_text) });
    const headers = { ...other.http.headers, ...VERSION };
    const call = fetch(other.url + endpoint, { method: 'POST', headers, body, signal: leave.signal });
    const find = async () =>
      (
        await app.http.get<{ invocations: { input_text: string; status: string; error: { reason: string } | null }[] }>(
          `${agent.path}/invocations`,
        )
      ).data.invocations.find((run) => run.input_text === input_text);
    await eventually(find, (run) => run?.status === 'running');
    leave.abort();
    await expect(call).rejects.toThrow();
    expect(await eventually(find, (run) => run?.status === 'failed')).toMatchObject({ error: { reason: 'cancelled' } });
  });

  it('takes its context from a session of the agent only', async () => {
    const first = (await rpc('SendMessage', said('one'), { http: other.http })).result.task;
    const contextId = first?.contextId;
    const next = (await rpc('SendMessage', said('two', { contextId }), { http: other.http })).result.task;
    expect(next).toMatchObject({ contextId, artifacts: [{ parts: [{ text: '2: two' }] }] });
    const path = `/a2a/agents/${encodeURIComponent(second.agent_id)}`;
    expect((await rpc('SendMessage', said('x', { contextId }), { path })).error.code).toBe(-32602);
    expect((await rpc('GetTask', { id: first?.id }, { path })).error.data?.[0]).toMatchObject({
      reason: 'TASK_NOT_FOUND',
    });
    expect((await rpc('SendMessage', said('x', { taskId: first?.id }))).error.data?.[0]).toMatchObject({
      reason: 'UNSUPPORTED_OPERATION',
    });
  });

  it('is listed with others, newest first, page by page', async () => {
    const path = `/a2a/agents/${encodeURIComponent(second.agent_id)}`;
    const ids: string[] = [];
    for (const text of ['a', 'fail runtime', 'b', 'c'])
      ids.unshift((await rpc('SendMessage', said(text), { http: other.http, path })).result.task?.id ?? '');
    const list = async (params: object) =>
      (await rpc('ListTasks', params, { path })).result as unknown as { tasks: Task[]; nextPageToken: string };
    const all = await list({});
    expect(all.tasks.map(({ id }) => id)).toEqual(ids);
    expect(all.tasks[0]?.artifacts).toBeUndefined();
    const failed = await list({ status: 'TASK_STATE_FAILED', includeArtifacts: true });
    expect(failed.tasks.map(({ id }) => id)).toEqual([ids[2]]);
    const one = await list({ pageSize: 3 });
    const two = await list({ pageSize: 3, pageToken: one.nextPageToken });
    expect([...one.tasks, ...two.tasks].map(({ id }) => id)).toEqual(ids);
    expect((await rpc('ListTasks', { pageToken: 'x' }, { path })).error.code).toBe(-32602);
  });
});

describe('who may ask', () => {
  it('has the role developer in the organization of the agent', async () => {
    const anonymous = await rpc('GetTask', { id: 'x' }, { http: app.http.anonymous() });
    expect(anonymous).toMatchObject({ status: 401, error: { data: [{ reason: 'UNAUTHENTICATED' }] } });
    const rest = await app.http.anonymous().raw('GET', `${endpoint}/tasks/x`, undefined, VERSION);
    expect(rest.status).toBe(401);
    expect(await rest.json()).toMatchObject({ error: { code: 401, status: 'UNAUTHENTICATED' } });
    const viewer = app.http.as('default', 'onlooker', ['viewer']);
    expect((await rpc('SendMessage', said('x'), { http: viewer })).status).toBe(403);
    const stranger = app.http.as('org_other', 'stranger');
    const { id } = (await rpc('SendMessage', said('mine'), { http: other.http })).result.task ?? {};
    expect((await rpc('SendMessage', said('x'), { http: stranger })).error.message).toBe('Agent not found');
    expect((await rpc('GetTask', { id }, { http: stranger })).error.data?.[0]).toMatchObject({
      reason: 'TASK_NOT_FOUND',
    });
    expect((await stranger.raw('GET', `${endpoint}/.well-known/agent-card.json`)).status).toBe(404);
    const card = (await rpc('GetExtendedAgentCard', {}, { http: stranger, path: '/a2a' })).result;
    expect((card['skills'] as { id: string }[]).map((skill) => skill.id)).toEqual(['ask']);
  });
});

const bodies: [string, string, number][] = [
  ['no JSON', '{"jsonrpc": ', 400],
  ['a list', '[]', 400],
  ['no method', '{"jsonrpc":"2.0","id":1}', 200],
  ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"Destroy","params":{}}', 200],
  ['params that are no object', '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":5}', 200],
  ['a message that is a number', '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":5}}', 200],
  [
    'parts of a wrong type',
    '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","parts":{"text":1}}}}',
    200,
  ],
  [
    'a null part',
    '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","parts":[null]}}}',
    200,
  ],
  [
    'a message of the agent',
    '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"x"}]}}}',
    200,
  ],
  ['a negative history', '{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x","historyLength":-1}}', 200],
  [
    'a file',
    '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","parts":[{"raw":"aGk="}]}}}',
    200,
  ],
  ['an id of a wrong type', '{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":{"a":1}}}', 200],
  ['a wrong page size', '{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"pageSize":-1}}', 200],
  ['an invalid time', '{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"statusTimestampAfter":"soon"}}', 200],
];
describe.each(['1.0', '0.3'])('A2A-Version %s', (version) => {
  it.each(bodies)('refuses %s as a JSON-RPC error', async (_what, body, status) => {
    const response = await app.http.raw('POST', endpoint, body, { ...VERSION, 'a2a-version': version });
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as Answer;
    expect(error.code).toBeLessThan(-32_000);
    expect(error.code).not.toBe(-32_603);
  });
});

it.each([
  ['POST', '/message:send', '{"message": 5}', 400],
  ['POST', '/message:send', '{"message": {"messageId": "m", "parts": [null]}}', 400],
  ['POST', '/message:send', '{"message": ', 400],
  ['POST', '/message:stream', '{}', 400],
  ['GET', '/tasks/inv_none', undefined, 404],
  ['POST', '/tasks/inv_none:cancel', undefined, 404],
  ['GET', '/tasks?pageSize=many', undefined, 400],
  ['GET', '/tasks?status=odd', undefined, 400],
  ['GET', '/tasks/%ff', undefined, 400],
  ['GET', '/nothing/of/this/kind', undefined, 404],
])('refuses %s %s %s as an error of HTTP+JSON', async (method, path, body, status) => {
  const response = await app.http.raw(method, endpoint + path, body, VERSION);
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status,
    body: { error: { message: expect.any(String) as unknown } },
  });
});

it('answers cards in the form of the version that is asked for', async () => {
  const card = async (path: string, version: Record<string, string>) =>
    (await (await app.http.raw('GET', path, undefined, version)).json()) as Record<string, unknown>;
  const http = { httpAuthSecurityScheme: { scheme: 'Bearer', description: expect.any(String) as unknown } };
  for (const path of ['/.well-known/agent-card.json', `${endpoint}/.well-known/agent-card.json`]) {
    expect(await card(path, { 'a2a-version': '1.0' })).toMatchObject({ securitySchemes: { bearer: http } });
    expect(await card(path, {})).toMatchObject({ securitySchemes: { bearer: { type: 'http', scheme: 'Bearer' } } });
  }
});

it.each(['{"id":1,"method":"GetTask"}', '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"2.0","id":1,"method":5}'])(
  'refuses %s as no JSON-RPC request',
  async (body) => {
    const response = await app.http.raw('POST', endpoint, body, VERSION);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32600 } });
  },
);

it('serves requests that come at once to a process that has served none', async () => {
  const fresh = await startBeside(app, undefined);
  try {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => rpc('ListTasks', { pageSize: 1 }, { http: fresh.http })),
    );
    expect(answers.map(({ status, error }) => ({ status, error }))).toEqual(Array(20).fill({ status: 200 }));
    const card = await fresh.http.raw('GET', '/.well-known/agent-card.json', undefined, VERSION);
    expect(await card.json()).toMatchObject({ name: 'Nexus' });
  } finally {
    await fresh.close();
  }
});

it('refuses a version that it does not speak', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 'x' } });
  const response = await app.http.raw('POST', endpoint, body, { ...VERSION, 'a2a-version': '7.0' });
  expect(await response.json()).toMatchObject({ error: { data: [{ reason: 'VERSION_NOT_SUPPORTED' }] } });
});

describe('push notifications', () => {
  let receiver: WebhookReceiver;
  let quick: TestApp;
  let own: BuiltAgent;
  const post = (http: HttpClient, method: string, params: unknown) =>
    rpc(method, params, { http, path: `/a2a/agents/${encodeURIComponent(own.agent_id)}` });

  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
    quick = await startApp({ WEBHOOK_RETRY_MS: '10', WEBHOOK_POLL_SECONDS: '1' }, new ObedientRuntime());
    own = await registeredAgent(quick);
  });
  afterAll(async () => {
    await quick.close();
    await receiver.stop();
  });

  const pushed = (path: string) =>
    eventually(
      async () => receiver.at(path),
      (calls) => calls.length > 0,
    );

  it('tell the end of a task that was sent with an address, with its token and credentials', async () => {
    const taskPushNotificationConfig = {
      url: receiver.url('/sent'),
      token: 'the-token',
      authentication: { scheme: 'Bearer', credentials: 'the-credentials' },
    };
    const { result } = await post(quick.http, 'SendMessage', {
      ...said('hello'),
      configuration: { returnImmediately: true, taskPushNotificationConfig },
    });
    const [call] = await pushed('/sent');
    expect(call?.headers).toMatchObject({
      'content-type': 'application/a2a+json',
      'x-a2a-notification-token': 'the-token',
      authorization: 'Bearer the-credentials',
    });
    const { task } = JSON.parse(call?.body ?? '{}') as { task: Task };
    expect([task.id, task.status.state]).toEqual([result.task?.id, 'TASK_STATE_COMPLETED']);
  });

  it('are kept, shown, tried again and deleted by task, for its organization only', async () => {
    const { result } = await post(quick.http, 'SendMessage', {
      ...said('count 60 every 20'),
      configuration: { returnImmediately: true },
    });
    const taskId = result.task?.id ?? '';
    const made = await post(quick.http, 'CreateTaskPushNotificationConfig', {
      taskId,
      id: 'mine',
      url: receiver.url('/500'),
    });
    expect(made.result).toMatchObject({ taskId, id: 'mine', url: receiver.url('/500') });
    await post(quick.http, 'CreateTaskPushNotificationConfig', { taskId, id: 'gone', url: receiver.url('/deleted') });
    expect((await post(quick.http, 'DeleteTaskPushNotificationConfig', { taskId, id: 'gone' })).error).toBeUndefined();
    const list = await post(quick.http, 'ListTaskPushNotificationConfigs', { taskId });
    expect(list.result['configs']).toEqual([expect.objectContaining({ id: 'mine' })]);
    const foreign = await post(quick.http.as('org-b'), 'GetTaskPushNotificationConfig', { taskId, id: 'mine' });
    expect(foreign.error.data?.[0]?.reason).toBe('TASK_NOT_FOUND');
    await eventually(
      async () => receiver.at('/500'),
      (calls) => calls.length >= 3,
    );
    const { task } = JSON.parse(receiver.at('/500')[2]?.body ?? '{}') as { task: Task };
    expect([task.id, task.status.state]).toEqual([taskId, 'TASK_STATE_COMPLETED']);
  });

  it('are deleted with their agent', async () => {
    const leaving = await registeredAgent(quick, { agent_name: 'leaving', build_id: 'bld_leaving' });
    const path = `/a2a/agents/${encodeURIComponent(leaving.agent_id)}`;
    const taskPushNotificationConfig = { url: receiver.url('/503') };
    const configuration = { returnImmediately: true, taskPushNotificationConfig };
    const { result } = await rpc('SendMessage', { ...said('hello'), configuration }, { http: quick.http, path });
    const taskId = result.task?.id ?? '';
    expect(Object.keys(await leftoversOf(quick, [taskId]))).toContain('AgentTaskPushes');
    expect((await quick.http.delete(leaving.path)).status).toBe(200);
    await eventually(
      () => leftoversOf(quick, [taskId]),
      (found) => Object.keys(found).length === 0,
    );
  });

  it('never go to an address that the platform does not call', async () => {
    const taskPushNotificationConfig = { url: 'http://169.254.169.254/latest/meta-data' };
    const { error } = await post(quick.http, 'SendMessage', {
      ...said('hello'),
      configuration: { taskPushNotificationConfig },
    });
    expect(error.message).toContain('url');
  });
});
