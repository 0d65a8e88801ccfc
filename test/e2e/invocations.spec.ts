import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { incompressible } from '../support/incompressible.js';
import { readEvents } from '../support/sse.js';

interface Invoked extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  output: string;
}

const STREAM = { accept: 'text/event-stream', 'content-type': 'application/json' };

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http);
});
afterAll(() => app.close());

const invoke = (body: Record<string, unknown>) => app.http.post<Invoked>(`${agent.path}/invoke`, body);
const stream = (path: string, body: Record<string, unknown>) =>
  readEvents(app.url + path, { method: 'POST', headers: STREAM, body: JSON.stringify(body) });
const refusal = async (body: Record<string, unknown>) => {
  const { status, error } = await invoke(body);
  return [status, error.code];
};

describe('an invocation', () => {
  it('has every field of the contract, with a trace only when asked for', async () => {
    const { data } = await invoke({ input_text: 'What is 2 + 3?' });
    expect(Object.keys(data).sort()).toEqual([
      'cost_usd',
      'created_at',
      'duration_ms',
      'invocation_id',
      'model',
      'output',
      'session_id',
      'status',
      'usage',
    ]);
    expect(data.invocation_id).toMatch(/^inv_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(data.session_id).toMatch(/^sess_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(data['duration_ms']).toBeGreaterThan(0);
    const { data: list } = await app.http.get<{ invocations: Record<string, unknown>[] }>(
      `${agent.path}/invocations?limit=1`,
    );
    expect(list.invocations[0]).toMatchObject({ invocation_id: data.invocation_id, agent_version: 'v1.0.0' });
    expect(list.invocations[0]).not.toHaveProperty('trace');
  });

  it('tells its usage as it is recorded and counted, streamed or not', async () => {
    const question = { input_text: 'What is 17 * 3?', enable_trace: true };
    const { data: whole } = await invoke(question);
    const events = await stream(`${agent.path}/invoke`, question);
    const done = events.at(-1)?.data as unknown as Invoked;
    expect(Object.keys(done).sort()).toEqual(Object.keys(whole).sort());
    const { data: streamed } = await app.http.get(`/api/v1/invocations/${done.invocation_id}`);
    expect(streamed).toMatchObject({ output: whole.output, usage: whole['usage'], model: whole['model'] });
    expect(events[0]?.data).toMatchObject({ invocation_id: done.invocation_id, session_id: done.session_id });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    const call = events.find(({ event }) => event === 'tool_call');
    const result = events.find(({ event }) => event === 'tool_result');
    expect(call?.data).toMatchObject({ tool: 'calculator' });
    expect(result?.data).toMatchObject({ tool: 'calculator', call_id: call?.data['call_id'] });
  });

  it('keeps 100,000 characters that cannot be compressed, and what the agent made of them', async () => {
    const input_text = incompressible(100_000);
    const { status, data } = await invoke({ input_text });
    expect(status).toBe(200);
    const { data: record } = await app.http.get(`/api/v1/invocations/${data.invocation_id}`);
    expect(record).toMatchObject({ input_text, output: data.output, session_id: data.session_id });
    const again = await invoke({ input_text, session_id: data.session_id });
    expect(again.status).toBe(200);
  });

  it('takes facts for one run', async () => {
    const answer = await invoke({ input_text: 'What is 10 + 1?', session_state: { customer_level: 'gold' } });
    expect(answer.status).toBe(200);
    for (const body of [{ session_state: [] }, { session_state: 'gold' }, { enable_trace: 'yes' }, { colour: 'red' }]) {
      const { status, error } = await invoke({ input_text: 'hi', ...body });
      expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, Object.keys(body)]);
    }
  });

  it('takes null for what it need not have', async () => {
    const nothing = { session_id: null, enable_trace: null, end_session: null, session_state: null };
    const { status, data } = await invoke({ input_text: 'What is 10 + 2?', ...nothing });
    expect([status, data.output]).toEqual([200, expect.stringContaining('12')]);
  });

  it('is listed newest first, in pages', async () => {
    const http = app.http.as('pager');
    const own = await builtAgent(http);
    const ids: string[] = [];
    for (const index of [1, 2, 3])
      ids.push(
        (await http.post<Invoked>(`${own.path}/invoke`, { input_text: `What is ${index} + 1?` })).data.invocation_id,
      );
    const list = (query: string) =>
      http.get<{ invocations: Invoked[]; total: number; last_key: string | null }>(`${own.path}/invocations?${query}`);
    const first = (await list('limit=2')).data;
    const second = (await list(`limit=2&last_key=${encodeURIComponent(first.last_key ?? '')}`)).data;
    expect([first.total, second.total, second.last_key]).toEqual([2, 1, null]);
    const seen = [...first.invocations, ...second.invocations].map(({ invocation_id }) => invocation_id);
    expect(seen).toEqual([...ids].reverse());
  });
});

describe('the session of an invocation', () => {
  it('is closed when the first invocation ends it', async () => {
    const { data } = await invoke({ input_text: 'My name is Ada.', end_session: true });
    expect(await refusal({ input_text: 'Who am I?', session_id: data.session_id })).toEqual([400, 'INVALID_STATE']);
    expect((await app.http.get(`/api/v1/sessions/${data.session_id}`)).data).toMatchObject({
      status: 'closed',
      message_count: 2,
    });
  });

  it('holds what was said when it is read', async () => {
    const { data } = await invoke({ input_text: 'My name is Ada.' });
    await invoke({ input_text: 'What is my name?', session_id: data.session_id });
    const { data: page } = await app.http.get<{ messages: { role: string; content: string }[] }>(
      `/api/v1/sessions/${data.session_id}/messages`,
    );
    expect(page.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect(page.messages[1]?.content).toBe(data.output);
  });

  it('is a session for every route of sessions at once', async () => {
    const begin = async (): Promise<string> =>
      `/api/v1/sessions/${(await invoke({ input_text: 'My name is Ada.' })).data.session_id}`;
    expect((await app.http.get(await begin())).data).toMatchObject({ status: 'active', message_count: 2 });
    expect((await app.http.get<{ total: number }>(`${await begin()}/messages`)).data.total).toBe(2);
    const answer = await app.http.post(`${await begin()}/messages?on_busy=reject`, { content: 'What is my name?' });
    expect(answer.data['content']).toContain('Ada');
    expect((await app.http.delete(await begin())).data).toEqual({ deleted: { sessions: 1, messages: 2 } });
    expect((await app.http.as('rival').get(await begin())).status).toBe(404);
  });

  it('can be opened by many at once', async () => {
    const { data } = await invoke({ input_text: 'My name is Ada.' });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((index) => invoke({ input_text: `What is ${index} + 5?`, session_id: data.session_id })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await app.http.get(`/api/v1/sessions/${data.session_id}`)).data).toMatchObject({ message_count: 10 });
  });

  it('stays deleted', async () => {
    const { data } = await invoke({ input_text: 'My name is Ada.' });
    await invoke({ input_text: 'What is my name?', session_id: data.session_id });
    expect((await app.http.delete(`/api/v1/sessions/${data.session_id}`)).status).toBe(200);
    expect(await refusal({ input_text: 'What is my name?', session_id: data.session_id })).toEqual([
      404,
      'RESOURCE_NOT_FOUND',
    ]);
  });

  it('belongs to its agent and organisation only', async () => {
    const { data } = await invoke({ input_text: 'My name is Ada.' });
    const { data: opened } = await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {});
    const other = await builtAgent(app.http, 'An assistant that converts units of length and weight for engineers.');
    const rival = app.http.as('rival');
    const theirs = await builtAgent(rival);
    for (const session_id of [data.session_id, opened.session_id]) {
      const body = { input_text: 'Who am I?', session_id };
      expect((await app.http.post(`${other.path}/invoke`, body)).status).toBe(404);
      expect((await rival.post(`${theirs.path}/invoke`, body)).status).toBe(404);
    }
    expect(await refusal({ input_text: 'hi', session_id: 'x'.repeat(100) })).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });
});

describe('a stream', () => {
  it('is refused by its status when nothing has run yet', async () => {
    const refused = async (path: string, body: Record<string, unknown>): Promise<number> =>
      (await app.http.raw('POST', path, JSON.stringify(body), STREAM)).status;
    expect(await refused('/api/v1/agents/none:none/invoke', { input_text: 'hi' })).toBe(404);
    expect(await refused(`${agent.path}/invoke`, { input_text: '' })).toBe(400);
    expect(await refused(`${agent.path}/invoke`, { input_text: 'hi', session_id: 'sess_none' })).toBe(404);
    expect(await refused('/api/v1/sessions/sess_none/messages', { content: 'hi' })).toBe(404);
  });

  it('is an event stream that nobody caches', async () => {
    const response = await app.http.raw('POST', `${agent.path}/invoke`, '{"input_text":"What is 1 + 1?"}', STREAM);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-cache');
    expect(await response.text()).toMatch(/event: done\ndata: \{.*\}\n\n$/);
  });
});
