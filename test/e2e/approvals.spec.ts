import type { ChatCompletionRequest } from '@copilotkit/aimock';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';
import { textOf } from '../support/scripted-openai.js';
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
/** Temporal's test server hands tasks to a worker that has ended, too. Each such task is a minute late. */
const NO_WORKER = { TEMPORAL_WORKER: 'false' };

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
    const runs = async () => (await app.http.get<{ invocations: Run[] }>(`${agent.path}/invocations`)).data.invocations;
    // Another test may have left a run that waits.
    const before = new Set((await runs()).map(({ invocation_id }) => invocation_id));
    const following = readEvents(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify(ASKED),
    });
    const waiting = await eventually(
      async () => (await runs()).find(({ invocation_id }) => !before.has(invocation_id)),
      (run) => run?.status === 'waiting',
    );
    const id = waiting?.invocation_id ?? '';
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

  it('is not made when it is refused: the agent learns why, and its answer joins the session', async () => {
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

  it('goes on with the version and the model that were chosen, though the agent has changed and another process decides', async () => {
    const changing = await registeredAgent(app, { agent_name: 'changing', project_id: 'proj_changing' });
    await app.http.post('/api/v1/tools', cancelOrderTool(store.url, changing));
    await app.http.put(`${changing.path}/definition`, { revision: 1, system_prompt: 'Second.' });
    const chosen = { version: 'v1.0.0', model: 'gpt-4o-mini' };
    const { data } = await app.http.post<Run>(`${changing.path}/invoke`, { ...ASKED, ...chosen });
    await app.http.put(`${changing.path}/definition`, { revision: 2, system_prompt: 'Third.' });
    const there = await startBeside(app, undefined, { ...model.openai, ...NO_WORKER });
    model.mock.clearRequests();
    const decision = `/api/v1/invocations/${data.invocation_id}/approvals/${data.approvals[0]?.approval_id ?? ''}/decision`;
    await there.http.post(decision, { approve: true });
    const ended = await reaches(data.invocation_id, 'success');
    await there.close();
    expect(ended).toMatchObject({ agent_version: 'v1.0.0', chosen, approvals: [{ status: 'approved' }] });
    const resumed = model.mock.getRequests().map(({ body }) => body as ChatCompletionRequest);
    expect(resumed.map(({ model: id, messages }) => [id, ...messages.slice(0, 1).map(textOf)])).toEqual([
      ['gpt-4o-mini', expect.stringContaining('Obey.')],
    ]);
    expect(calls()).toEqual(['DELETE /orders/7']);
  });

  it('counts as refused when no one decides in time, whatever process looks', async () => {
    const hasty = await startBeside(app, undefined, { ...model.openai, ...NO_WORKER, APPROVAL_EXPIRES_SECONDS: '1' });
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

describe('each protocol asks for approval in its own words, and goes on when it is given', () => {
  interface Item extends Record<string, unknown> {
    id: string;
    type: string;
  }
  interface ResponseObject {
    id: string;
    status: string;
    output: Item[];
    error: unknown;
  }
  const send = async <T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> => {
    const json = { 'content-type': 'application/json', ...headers };
    return (await (await app.http.raw('POST', path, JSON.stringify(body), json)).json()) as T;
  };
  const stream = (path: string, body: unknown) =>
    readEvents(app.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('Responses: mcp_approval_request and mcp_approval_response, streamed or not', async () => {
    const request = { model: agent.agent_id, input: ASKED.input_text };
    const asked = await send<ResponseObject>('/v1/responses', request);
    expect(asked).toMatchObject({
      status: 'completed',
      output: [{ type: 'mcp_approval_request', name: 'cancel_order', arguments: '{"number":"7"}' }],
    });
    const approval = (response: ResponseObject, approve: boolean) => ({
      model: agent.agent_id,
      previous_response_id: response.id,
      input: [{ type: 'mcp_approval_response', approval_request_id: response.output.at(-1)?.id, approve }],
    });
    const refused = await send<ResponseObject>('/v1/responses', approval(asked, false));
    expect(refused).toMatchObject({ id: asked.id, status: 'completed' });
    expect(refused.output.map(({ type, status }) => [type, status])).toEqual([
      ['mcp_call', 'failed'],
      ['message', 'completed'],
    ]);
    expect(calls()).toEqual([]);

    const first = await stream('/v1/responses', { ...request, stream: true });
    expect(first.map(({ event }) => event)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.output_item.done'],
      'response.completed',
    ]);
    const waiting = first.at(-1)?.data['response'] as ResponseObject;
    expect(await send(`/v1/responses`, { ...approval(waiting, true), previous_response_id: undefined })).toMatchObject({
      error: { param: 'previous_response_id' },
    });
    const second = await stream('/v1/responses', { ...approval(waiting, true), stream: true });
    expect(second[0]).toMatchObject({ event: 'response.created', data: { sequence_number: 0 } });
    const whole = second.at(-1)?.data['response'] as ResponseObject;
    expect(whole).toMatchObject({ id: waiting.id, status: 'completed' });
    expect(whole.output.map(({ type, status }) => [type, status])).toEqual([
      ['mcp_call', 'completed'],
      ['message', 'completed'],
    ]);
    expect(await readEvents(`${app.url}/v1/responses/${waiting.id}?stream=true`)).toEqual(second);
    expect(calls()).toEqual(['DELETE /orders/7']);
    const chat = { model: agent.agent_id, messages: [{ role: 'user', content: ASKED.input_text }] };
    expect(await send('/v1/chat/completions', chat)).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^The run is waiting for approval\. Approve or reject each call with POST/,
        ) as string,
      },
    });
  });

  it('A2A: a task with the state input-required, which takes a message with the decision', async () => {
    const path = `/a2a/agents/${encodeURIComponent(agent.agent_id)}`;
    interface Task {
      id: string;
      status: { state: string; message?: { parts: { data?: { approvals: Approval[] } }[] } };
      artifacts: { parts: { text: string }[] }[];
    }
    const message = async (parts: unknown[], taskId?: string): Promise<{ task: Task }> => {
      const params = { message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts, taskId } };
      const call = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params };
      return (await send<{ result: { task: Task } }>(path, call, { 'a2a-version': '1.0' })).result;
    };
    const { task } = await message([{ text: ASKED.input_text }]);
    expect(task.status.state).toBe('TASK_STATE_INPUT_REQUIRED');
    expect(task.status.message?.parts[1]?.data).toMatchObject({ approvals: [{ tool: 'cancel_order' }] });
    const ended = await message([{ data: { approve: true, comment: 'yes' } }], task.id);
    expect(ended.task).toMatchObject({ id: task.id, status: { state: 'TASK_STATE_COMPLETED' } });
    expect(ended.task.artifacts[0]?.parts[0]?.text).toContain('cancelled');
    expect(calls()).toEqual(['DELETE /orders/7']);
  });

  it('MCP: input-required where the client can ask its user, an error of the tool elsewhere', async () => {
    const path = `/mcp/agents/${encodeURIComponent(agent.agent_id)}`;
    interface Result {
      resultType: string;
      requestState: string;
      inputRequests: Record<string, { method: string; params: { message: string } }>;
      isError?: boolean;
      content: { text: string }[];
      structuredContent: { invocation_id: string };
    }
    const call = async (elicitation: object | undefined, more: object = {}): Promise<Result> => {
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': elicitation ? { elicitation } : {},
      };
      const params = { name: 'obedient', arguments: { message: ASKED.input_text }, _meta, ...more };
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'obedient' };
      const response = await app.http.raw(
        'POST',
        path,
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
        { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      );
      const text = await response.text();
      const json = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? text);
      return (JSON.parse(json) as { result: Result }).result;
    };
    const asked = await call({ form: {} });
    expect(asked.resultType).toBe('input_required');
    const [[key, form] = []] = Object.entries(asked.inputRequests);
    expect([key, form?.method]).toEqual([expect.stringMatching(/^appr_/), 'elicitation/create']);
    expect(form?.params.message).toBe('The agent wants to call cancel_order with {"number":"7"}');
    const { requestState } = asked;
    const inputResponses = { [key ?? '']: { action: 'accept', content: { approve: true } } };
    const answered = await call({ form: {} }, { requestState, inputResponses });
    expect(answered.content[0]?.text).toContain('cancelled');
    expect(answered.structuredContent.invocation_id).toBe(requestState);
    expect(calls()).toEqual(['DELETE /orders/7']);
    const plain = await call(undefined);
    expect([plain.isError, plain.content[0]?.text]).toEqual([true, expect.stringContaining('is waiting for approval')]);
    const declined = await call({ form: {} });
    const [other = ''] = Object.keys(declined.inputRequests);
    const refused = await call(
      { form: {} },
      { requestState: declined.requestState, inputResponses: { [other]: { action: 'decline' } } },
    );
    expect(refused.content[0]?.text).toContain('a person refused the call');
    expect(calls()).toEqual(['DELETE /orders/7']);
  });

  it('AG-UI: the outcome interrupt, and resume', async () => {
    const path = `/ag-ui/agents/${encodeURIComponent(agent.agent_id)}`;
    const input = { threadId: 't', runId: 'r', messages: [{ id: '1', role: 'user', content: ASKED.input_text }] };
    interface Finished {
      type: string;
      outcome?: { type: string; interrupts: { id: string; toolCallId: string }[] };
      result?: { output: string };
    }
    const last = async (body: unknown) => (await stream(path, body)).at(-1)?.data as unknown as Finished;
    const { type, outcome } = await last(input);
    expect([type, outcome?.type, outcome?.interrupts.length]).toEqual(['RUN_FINISHED', 'interrupt', 1]);
    const [interrupt] = outcome?.interrupts ?? [];
    const resume = [{ interruptId: interrupt?.id, status: 'resolved', payload: { approve: true } }];
    const finished = await last({ ...input, runId: 'r2', resume });
    expect(finished).toMatchObject({ type: 'RUN_FINISHED', runId: 'r2', result: { status: 'success' } });
    expect(calls()).toEqual(['DELETE /orders/7']);
    expect(await send(path, { ...input, resume })).toMatchObject({ error: { code: 'INVALID_STATE' } });
  });

  it('AI SDK: tool-approval-request, and a part with the state approval-responded', async () => {
    const path = `/ai-sdk/agents/${encodeURIComponent(agent.agent_id)}/chat`;
    const question = { id: '1', role: 'user', parts: [{ type: 'text', text: ASKED.input_text }] };
    const chunks = async (messages: unknown[]) => {
      const response = await app.http.raw('POST', path, JSON.stringify({ messages }), {
        'content-type': 'application/json',
      });
      const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
      return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
    };
    const asked = await chunks([question]);
    expect(asked.map(({ type }) => type)).toEqual([
      ...['start', 'start-step', 'tool-input-available', 'tool-approval-request', 'finish-step', 'finish'],
    ]);
    const id = asked[3]?.['approvalId'];
    const part = { type: 'dynamic-tool', toolName: 'cancel_order', toolCallId: 'call_cancel', input: { number: '7' } };
    const answer = { ...part, state: 'approval-responded', approval: { id, approved: false, reason: 'not now' } };
    const rest = await chunks([question, { id: '2', role: 'assistant', parts: [answer] }]);
    expect(rest.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['start', 'tool-output-error', 'text-delta', 'finish']),
    );
    expect(rest.find(({ type }) => type === 'tool-output-error')?.['errorText']).toContain('not now');
    expect(calls()).toEqual([]);
  });
});
