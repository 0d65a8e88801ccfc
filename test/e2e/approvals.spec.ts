import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';
import { readEvents } from '../support/sse.js';
import { type Service, shop } from '../support/tool-services.js';
import { cancelOrderTool, cancelsOrder } from '../support/tool-user.js';

interface Approval {
  approval_id: string;
  status: string;
}
interface Run extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  status: string;
  output: string;
  approvals: Approval[];
}

const ASKED = { input_text: 'Please cancel order 7' };

let app: TestApp;
let model: ModelServer;
let store: Service;
let agent: BuiltAgent;

beforeAll(async () => {
  [model, store] = await Promise.all([startModelServer(), shop()]);
  cancelsOrder(model);
  app = await startApp(model.openai);
  agent = await registeredAgent(app);
  expect((await app.http.post('/api/v1/tools', cancelOrderTool(store.url, agent))).status).toBe(201);
});
beforeEach(() => void store.seen.splice(0));
afterAll(async () => {
  await app.close();
  await Promise.all([model.stop(), store.close()]);
});

const calls = () => store.seen.map(({ method, path }) => `${method} ${path}`);
const ask = (body: Record<string, unknown> = {}) => app.http.post<Run>(`${agent.path}/invoke`, { ...ASKED, ...body });
const record = async (id: string) => (await app.http.get<Run>(`/api/v1/invocations/${id}`)).data;
const reaches = (id: string, wanted: string) =>
  eventually(
    () => record(id),
    ({ status }) => status === wanted,
  );
const decide = ({ invocation_id, approvals: [approval] }: Pick<Run, 'invocation_id' | 'approvals'>, body: unknown) =>
  app.http.post<Run>(`/api/v1/invocations/${invocation_id}/approvals/${approval?.approval_id ?? ''}/decision`, body);

describe('a call of a destructive tool', () => {
  it('waits for a person, is made once when it is approved, and the decision is audited', async () => {
    const asked = await ask();
    expect(asked.status).toBe(202);
    expect(asked.headers.get('location')).toBe(`/api/v1/invocations/${asked.data.invocation_id}`);
    const approval = {
      tool: 'cancel_order',
      call_id: 'call_cancel',
      input: { number: '7' },
      status: 'pending',
      by: null,
    };
    expect(asked.data).toMatchObject({ status: 'waiting', approvals: [approval] });
    expect(await record(asked.data.invocation_id)).toMatchObject({
      status: 'waiting',
      output: null,
      completed_at: null,
    });
    expect(calls()).toEqual([]);
    const [id, path] = [asked.data.invocation_id, `/api/v1/invocations/${asked.data.invocation_id}/approvals`];
    const viewer = app.http.as('default', 'reader', ['viewer']);
    const decision = `${path}/${asked.data.approvals[0]?.approval_id ?? ''}/decision`;
    expect((await viewer.post(decision, { approve: true })).status).toBe(403);
    expect((await app.http.as('other').post(decision, { approve: true })).status).toBe(404);
    expect((await app.http.post(`${path}/appr_unknown/decision`, { approve: true })).status).toBe(404);
    expect((await decide(asked.data, { approve: 'yes' })).error.details.fields).toHaveProperty('approve');

    const decided = await decide(asked.data, { approve: true, comment: 'The customer asked for it' });
    expect(decided.data).toMatchObject({ status: 'waiting', approvals: [{ status: 'approved', by: 'developer' }] });
    const ended = await reaches(id, 'success');
    expect(ended.output).toContain('cancelled');
    expect(ended).toMatchObject({
      approvals: [{ ...approval, status: 'approved', by: 'developer', comment: 'The customer asked for it' }],
      usage: { input_tokens: 230, output_tokens: 29 },
      trace: { steps: [{ type: 'model' }, { type: 'tool', name: 'cancel_order' }, { type: 'model' }] },
    });
    expect(calls()).toEqual(['DELETE /orders/7']);
    expect(await decide(asked.data, { approve: false })).toMatchObject({
      status: 400,
      error: { code: 'INVALID_STATE', details: { current_state: 'approved' } },
    });
    const { data } = await app.http
      .as('default', 'auditor', ['admin'])
      .get<{ entries: Record<string, unknown>[] }>('/api/v1/audit?action=invocation.decided');
    expect(data.entries.filter(({ target }) => target === id)).toMatchObject([
      { actor: 'developer', target: id, details: { tool: 'cancel_order', approve: true } },
    ]);
  });

  it('streams the wait, and goes on with the same events when it is decided', async () => {
    const following = readEvents(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify(ASKED),
    });
    const { data } = await eventually(
      () => app.http.get<{ invocations: Run[] }>(`${agent.path}/invocations`),
      (answer) => answer.data.invocations[0]?.status === 'waiting',
    );
    const id = data.invocations[0]?.invocation_id ?? '';
    await decide(await record(id), { approve: true });
    const events = await following;
    expect(events.map(({ event }) => event).filter((name, at, all) => name !== all[at - 1])).toEqual([
      ...['start', 'approval_required', 'approval_decided', 'tool_call', 'tool_result', 'delta', 'done'],
    ]);
    expect(events.map((event) => Number(event.id))).toEqual(events.map((_, at) => at + 1));
    expect(events[1]?.data).toMatchObject({
      invocation_id: id,
      approvals: [{ tool: 'cancel_order', input: { number: '7' } }],
    });
    expect(events.at(-1)?.data).toMatchObject({ invocation_id: id, status: 'success' });
    expect(await readEvents(`${app.url}/api/v1/invocations/${id}/events`)).toEqual(events);
    expect(calls()).toEqual(['DELETE /orders/7']);
  });

  it('is not made when it is refused: the agent is told why, and its answer joins the session', async () => {
    const { data: session } = await app.http.post<Run>(`${agent.path}/sessions`, {});
    const { data, status } = await ask({ session_id: session.session_id });
    expect(status).toBe(202);
    await decide(data, { approve: false, comment: 'wrong order' });
    const ended = await reaches(data.invocation_id, 'success');
    expect(ended).toMatchObject({ approvals: [{ status: 'rejected', comment: 'wrong order' }] });
    expect(ended.output).toContain('a person refused the call: wrong order');
    const messages = await eventually(
      () =>
        app.http.get<{ messages: { role: string; content: string }[] }>(
          `/api/v1/sessions/${session.session_id}/messages`,
        ),
      (answer) => answer.data.messages.length === 2,
    );
    expect(messages.data.messages.map(({ content }) => content).sort()).toEqual(
      [ASKED.input_text, ended.output].sort(),
    );
    expect(calls()).toEqual([]);
  });

  it('counts as refused when no one decides in time, whatever process looks', async () => {
    const hasty = await startBeside(app, undefined, { ...model.openai, APPROVAL_EXPIRES_SECONDS: '1' });
    const { data } = await hasty.http.post<Run>(`${agent.path}/invoke`, { ...ASKED, background: true });
    const ended = await reaches(data.invocation_id, 'success');
    await hasty.close();
    expect(ended).toMatchObject({ approvals: [{ status: 'expired', by: null }] });
    expect(ended.output).toContain('no one approved the call in time');
    expect(calls()).toEqual([]);
  });

  it('ends with its run when that is cancelled', async () => {
    const { data } = await ask();
    const { data: cancelled, status } = await app.http.post(`/api/v1/invocations/${data.invocation_id}/cancel`);
    expect([status, cancelled['status']]).toEqual([202, 'failed']);
    expect(await record(data.invocation_id)).toMatchObject({ error: { reason: 'cancelled' } });
    expect((await decide(data, { approve: true })).status).toBe(400);
    expect(await readEvents(`${app.url}/api/v1/invocations/${data.invocation_id}/events`)).toMatchObject([
      { event: 'error', data: { details: { reason: 'cancelled' } } },
    ]);
    expect(calls()).toEqual([]);
  });
});

describe('requires_approval of an agent', () => {
  it('makes calls of any of its tools wait', async () => {
    const other = await registeredAgent(app, { agent_name: 'careful', project_id: 'proj_careful' });
    const tool = cancelOrderTool(store.url, other);
    const attached = await app.http.post('/api/v1/tools', { ...tool, config: { ...tool.config, method: 'GET' } });
    expect(attached).toMatchObject({ status: 201, data: { operations: [{ risk: 'read' }] } });
    expect((await app.http.post(`${other.path}/invoke`, ASKED)).status).toBe(200);
    const changed = await app.http.put(other.path, { requires_approval: ['cancel_order'] });
    expect(changed.data).toMatchObject({ requires_approval: ['cancel_order'] });
    const { status, data } = await app.http.post<Run>(`${other.path}/invoke`, ASKED);
    expect([status, data.status]).toEqual([202, 'waiting']);
    expect(calls()).toEqual(['GET /orders/7']);
    const moved = await app.http.put(`${other.path}/runtime`, { runtime: 'http', endpoint_url: store.url });
    expect(moved).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    await app.http.delete(other.path);
    expect((await app.http.get(`/api/v1/invocations/${data.invocation_id}`)).status).toBe(404);
  });
});
