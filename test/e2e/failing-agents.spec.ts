import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { readEvents } from '../support/sse.js';

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  agent = await registeredAgent(app);
});
afterAll(() => app.close());

const invocations = async () =>
  (
    await app.http.get<{ invocations: { input_text: string; status: string; error: { reason: string } | null }[] }>(
      `${agent.path}/invocations?limit=100`,
    )
  ).data.invocations;
const invoke = (input_text: string) => app.http.post(`${agent.path}/invoke`, { input_text });
const session = async (): Promise<string> =>
  `/api/v1/sessions/${(await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data.session_id}`;

describe('a run that fails', () => {
  it.each([
    ['model', 500],
    ['limit', 500],
    ['runtime', 502],
    ['timeout', 504],
  ])('for the reason %s is answered with %i and recorded', async (reason, status) => {
    const answer = await invoke(`fail ${reason}`);
    expect(answer).toMatchObject({ status, error: { code: 'AGENT_INVOCATION_FAILED', details: { reason } } });
    const { data } = await app.http.get(`/api/v1/invocations/${String(answer.error.details['invocation_id'])}`);
    expect(data).toMatchObject({ status: 'failed', error: { reason }, output: null });
  });

  it('breaks without showing what is inside, and is recorded too', async () => {
    const answer = await invoke('break');
    expect(answer).toMatchObject({
      status: 502,
      error: { code: 'AGENT_INVOCATION_FAILED', details: { reason: 'runtime' } },
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/secret\.internals|\.ts/);
    const { data } = await app.http.get(`/api/v1/invocations/${String(answer.error.details['invocation_id'])}`);
    expect(data).toMatchObject({ status: 'failed', error: { reason: 'runtime' } });
    expect(JSON.stringify(data)).not.toContain('secret.internals');
  });

  it('counts as failed', async () => {
    const own = await registeredAgent(app, { org_id: 'counter', agent_name: 'counted' });
    const http = app.http.as('counter');
    await http.post(`${own.path}/invoke`, { input_text: 'hello' });
    await http.post(`${own.path}/invoke`, { input_text: 'fail model' });
    const { data } = await http.get(own.path);
    expect(data).toMatchObject({
      runtime_stats: {
        total_invocations: 2,
        successful_invocations: 1,
        failed_invocations: 1,
        input_tokens: 1,
        output_tokens: 2,
      },
    });
    expect((await http.get('/api/v1/statistics/overview')).data).toMatchObject({
      today_calls: 2,
      today_success_rate: 50,
      today_tokens: 3,
    });
  });

  it('ends a stream with an error event that says the same', async () => {
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"input_text":"fail model"}',
    };
    const events = await readEvents(`${app.url}${agent.path}/invoke`, init);
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { code: 'AGENT_INVOCATION_FAILED', details: { reason: 'model' } },
    });
  });

  it.each(['application/json', 'text/event-stream'])(
    'because the caller went away (%s) stops the agent and is recorded',
    async (accept) => {
      const input_text = accept === 'application/json' ? 'wait 20001' : 'wait 20002';
      const stop = new AbortController();
      const headers = { ...app.http.headers, accept, 'content-type': 'application/json' };
      const request = fetch(`${app.url}${agent.path}/invoke`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ input_text }),
        signal: stop.signal,
      });
      const aborted = request.then((response) => response.text()).catch(() => 'aborted');
      await eventually(invocations, (all) =>
        all.some((one) => one.input_text === input_text && one.status === 'running'),
      );
      stop.abort();
      expect(await aborted).toBe('aborted');
      const ended = await eventually(invocations, (all) =>
        all.some((one) => one.input_text === input_text && one.status === 'failed'),
      );
      expect(ended.find((one) => one.input_text === input_text)?.error?.reason).toBe('cancelled');
    },
  );
});

describe('a session whose agent fails', () => {
  it('keeps the message of the user and has no answer', async () => {
    const path = await session();
    expect((await app.http.post(`${path}/messages`, { content: 'fail model' })).status).toBe(500);
    const { data } = await app.http.get<{ messages: { role: string; content: string }[] }>(`${path}/messages`);
    expect(data.messages.map(({ role, content }) => [role, content])).toEqual([['user', 'fail model']]);
    expect((await invocations()).some((one) => one.input_text === 'fail model' && one.status === 'failed')).toBe(true);
    const next = await app.http.post(`${path}/messages`, { content: 'again' });
    expect(next.data['content']).toBe('1: again');
  });

  it('lets a second message wait its turn, or refuses it when asked to', async () => {
    const path = await session();
    const slow = app.http.post(`${path}/messages`, { content: 'wait 600' });
    await eventually(
      async () => (await app.http.get<{ message_count: number }>(path)).data,
      ({ message_count }) => message_count === 1,
    );
    const refused = await app.http.post(`${path}/messages?on_busy=reject`, { content: 'impatient' });
    expect({ status: refused.status, code: refused.error.code }).toEqual({ status: 409, code: 'RESOURCE_CONFLICT' });
    const waited = await app.http.post(`${path}/messages`, { content: 'patient' });
    expect(waited.data['content']).toBe('2: patient');
    expect((await slow).status).toBe(200);
  });

  it('is free again after a streaming caller went away, whose message stays', async () => {
    const path = await session();
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"content":"wait 20003"}',
    };
    expect(await readEvents(`${app.url}${path}/messages`, init, 1)).toMatchObject([{ event: 'start' }]);
    const next = await app.http.post(`${path}/messages`, { content: 'still there?' });
    expect(next.data['content']).toBe('1: still there?');
  });

  it('that was deleted while its agent answered stores nothing more', async () => {
    const path = await session();
    const slow = app.http.post(`${path}/messages`, { content: 'wait 400' });
    await eventually(
      async () => (await app.http.get<{ message_count: number }>(path)).data,
      ({ message_count }) => message_count === 1,
    );
    expect((await app.http.delete(path)).data).toEqual({ deleted: { sessions: 1, messages: 1 } });
    expect((await slow).status).toBe(409);
    expect((await app.http.get(`${path}/messages`)).status).toBe(404);
  });

  it('is not opened for an agent that is not running, and keeps no message for it', async () => {
    const own = await registeredAgent(app, { agent_name: 'sleeper' });
    const { data } = await app.http.post<{ session_id: string }>(`${own.path}/sessions`, {});
    await app.http.put(`${own.path}/status`, { status: 'offline' });
    const path = `/api/v1/sessions/${data.session_id}`;
    expect(await app.http.post(`${path}/messages`, { content: 'hello' })).toMatchObject({
      status: 400,
      error: { code: 'INVALID_STATE' },
    });
    expect((await app.http.get(path)).data).toMatchObject({ message_count: 0 });
  });
});
