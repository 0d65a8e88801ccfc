import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { type ReceivedEvent, readEvents } from '../support/sse.js';

/** The official clients are in test/clients/ag-ui and test/clients/ai-sdk; here are failing and slow agents, and what must be refused. */
let app: TestApp;
let agent: BuiltAgent;
let doors: { agUi: string; aiSdk: string };

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  agent = await registeredAgent(app);
  const id = encodeURIComponent(agent.agent_id);
  doors = { agUi: `/ag-ui/agents/${id}`, aiSdk: `/ai-sdk/agents/${id}/chat` };
});
afterAll(() => app.close());

const asking = {
  agUi: (text: string) => ({ threadId: 't', runId: 'r', messages: [{ id: '1', role: 'user', content: text }] }),
  aiSdk: (text: string) => ({ id: 'c', messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text }] }] }),
};
const send = (path: string, body: object, http = app.http) =>
  http.raw('POST', path, JSON.stringify(body), { 'content-type': 'application/json' });
const types = (events: ReceivedEvent[]): unknown[] => events.map(({ data }) => data['type']);
const runs = async () =>
  (
    await app.http.get<{ invocations: { input_text: string; status: string; error: { reason: string } | null }[] }>(
      `${agent.path}/invocations?limit=100`,
    )
  ).data.invocations;

it('tells a failed run as RUN_ERROR, and as the error of a UI message stream', async () => {
  const init = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const failed = await readEvents(app.url + doors.agUi, init(asking.agUi('fail runtime')));
  expect(types(failed).slice(-1)).toEqual(['RUN_ERROR']);
  expect(failed.at(-1)?.data).toEqual({
    type: 'RUN_ERROR',
    message: 'failed as told: runtime',
    code: 'AGENT_INVOCATION_FAILED',
  });
  const chat = await (await send(doors.aiSdk, asking.aiSdk('fail runtime'))).text();
  expect(chat).toMatch(/data: \{"type":"error","errorText":"failed as told: runtime"\}\n\ndata: \[DONE\]\n\n$/);
});

it.each(['agUi', 'aiSdk'] as const)('stops the run when the caller of %s leaves', async (door) => {
  const text = `wait 5${door.length}001`;
  const response = await send(doors[door], asking[door](text));
  await response.body?.cancel();
  const find = async () => (await runs()).find(({ input_text }) => input_text === text);
  expect(await eventually(find, (run) => run?.status === 'failed')).toMatchObject({ error: { reason: 'cancelled' } });
});

it.each(['agUi', 'aiSdk'] as const)(
  'refuses callers of %s without the role, and of other organizations',
  async (door) => {
    const body = asking[door]('hello');
    expect((await send(doors[door], body, app.http.anonymous())).status).toBe(401);
    expect((await send(doors[door], body, app.http.as('default', 'onlooker', ['viewer']))).status).toBe(403);
    const refused = await send(doors[door], body, app.http.as('org_other', 'stranger'));
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ success: false, error: { code: 'RESOURCE_NOT_FOUND' } });
  },
);

const user = { id: '1', role: 'user', content: 'hi' };
it.each([
  ['agUi', {}, 'threadId'],
  ['agUi', { threadId: 't', runId: 'r', messages: [] }, 'messages'],
  ['agUi', { threadId: 't', runId: 'r', messages: [{ role: 'wizard' }] }, 'messages[0].role'],
  ['agUi', { threadId: 't', runId: 'r', messages: [{ ...user, content: 5 }] }, 'messages[0].content'],
  ['agUi', { threadId: 't', runId: 'r', messages: [{ ...user, role: 'tool', toolCallId: 'x' }] }, 'messages'],
  ['agUi', { threadId: 't', runId: 'r', messages: [user], tools: [{ name: 'a b' }] }, 'tools[0].name'],
  ['agUi', { threadId: 't', runId: 'r', messages: [user], resume: [{}] }, 'resume[0].interruptId'],
  ['aiSdk', {}, 'messages'],
  ['aiSdk', { messages: [{ role: 'user', parts: 'hi' }] }, 'messages[0].parts'],
  ['aiSdk', { messages: [{ role: 'user', parts: [{ type: 'file', mediaType: 'text/csv', url: 'x' }] }] }, 'messages'],
  ['aiSdk', { messages: [{ role: 'assistant', parts: [{ type: 'text', text: 'x' }] }] }, 'messages'],
] as const)('refuses of %s the body %j and names the field', async (door, body, field) => {
  const response = await send(doors[door], body);
  const { error } = (await response.json()) as { error: { details: { fields: Record<string, string[]> } } };
  expect({ status: response.status, fields: Object.keys(error.details.fields) }).toEqual({
    status: 400,
    fields: [field],
  });
});

it('finds no session of another agent', async () => {
  const body = { ...asking.agUi('hi'), threadId: 'sess_00000000000000000000000000' };
  expect((await send(doors.agUi, body)).status).toBe(404);
});
