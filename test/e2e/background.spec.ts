import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { CountingRuntime } from '../support/counting-runtime.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { leftoversOf, startBeside } from '../support/shared-app.js';
import { readEvents } from '../support/sse.js';
import { StatisticsAggregator } from '../../src/statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../../src/statistics/statistics-recount.js';

interface RunBody extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  status: string;
}

let app: TestApp;
let agent: BuiltAgent;
const runtime = new CountingRuntime();

beforeAll(async () => {
  app = await startApp(
    { BACKGROUND_RUN_SLOTS: '2', ENGINE_LEASE_SECONDS: '3', ENGINE_HEARTBEAT_SECONDS: '1' },
    runtime,
  );
  agent = await registeredAgent(app);
});
afterAll(() => app.close());

const start = (input_text: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  app.http.post<RunBody>(`${agent.path}/invoke`, { input_text, background: true, ...more }, headers);
const record = async (id: string, from = app) => (await from.http.get<RunBody>(`/api/v1/invocations/${id}`)).data;
const ended = (id: string, from = app) =>
  eventually(
    () => record(id, from),
    ({ status }) => status !== 'running',
  );
const follow = (id: string, atMost?: number) => readEvents(`${app.url}/api/v1/invocations/${id}/events`, {}, atMost);

describe('a background run', () => {
  it('is answered with 202 at once, can be polled and followed, and ends like any other', async () => {
    const { status, headers, data } = await start('count 20 every 20');
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/invocations/${data.invocation_id}`);
    expect(data).toMatchObject({ status: 'running', agent_id: agent.agent_id });
    expect(data.session_id).toMatch(/^sess_/);
    expect(await record(data.invocation_id)).toMatchObject({ status: 'running', output: null, background: true });
    const events = await follow(data.invocation_id);
    expect(events.map(({ event }) => event)).toEqual(['start', ...Array.from({ length: 20 }, () => 'delta'), 'done']);
    const whole = await record(data.invocation_id);
    expect(whole).toMatchObject({ status: 'success', usage: { input_tokens: 3, output_tokens: 20 } });
    expect(events.at(-1)?.data).toMatchObject({ output: whole['output'], session_id: data.session_id });
    const plain = await app.http.post<RunBody>(`${agent.path}/invoke`, { input_text: 'count 20 every 1' });
    expect(Object.keys(events.at(-1)?.data ?? {}).sort()).toEqual(Object.keys(plain.data).sort());
  });

  it('goes on when its stream is left, and the stream can be joined again', async () => {
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ input_text: 'count 30 every 15', background: true }),
    };
    const heard = await readEvents(`${app.url}${agent.path}/invoke`, init, 6);
    const id = String(heard[0]?.data['invocation_id']);
    const rest = await readEvents(`${app.url}/api/v1/invocations/${id}/events`, { headers: { 'last-event-id': '6' } });
    expect([...heard, ...rest].map((event) => Number(event.id))).toEqual(Array.from({ length: 32 }, (_, n) => n + 1));
    expect(rest.at(-1)?.event).toBe('done');
    expect(await record(id)).toMatchObject({ status: 'success' });
  });

  it('that fails says why in its record and its last event', async () => {
    const { data } = await start('fail model');
    expect(await ended(data.invocation_id)).toMatchObject({ status: 'failed', error: { reason: 'model' } });
    expect((await follow(data.invocation_id)).at(-1)).toMatchObject({
      event: 'error',
      data: { details: { reason: 'model', invocation_id: data.invocation_id } },
    });
  });

  it('is refused by its status when it cannot begin', async () => {
    const refused = async (path: string, more: Record<string, unknown>) =>
      (await app.http.post(path, { input_text: 'hi', background: true, ...more })).status;
    expect(await refused('/api/v1/agents/none:none/invoke', {})).toBe(404);
    expect(await refused(`${agent.path}/invoke`, { session_id: 'sess_none' })).toBe(404);
    expect(await refused(`${agent.path}/invoke`, { background: 'yes' })).toBe(400);
  });

  it('waits its turn in a session and takes part in the conversation', async () => {
    const { data: opened } = await app.http.post<RunBody>(`${agent.path}/sessions`, {});
    const { session_id } = opened;
    const first = await start('count 10 every 20', { session_id });
    const second = await start('second', { session_id });
    expect(second.data.session_id).toBe(session_id);
    expect(await ended(second.data.invocation_id)).toMatchObject({ output: '2: second' });
    expect(await record(first.data.invocation_id)).toMatchObject({ status: 'success' });
    const say = await app.http.post<RunBody>(`/api/v1/sessions/${session_id}/messages`, {
      content: 'third',
      background: true,
    });
    expect(say.status).toBe(202);
    expect(await ended(say.data.invocation_id)).toMatchObject({ output: '4: third', session_id });
    const done = (await follow(say.data.invocation_id)).at(-1);
    expect(done?.data).toMatchObject({ role: 'assistant', content: '4: third' });
    await app.http.post(`${agent.path}/invoke`, { input_text: 'bye', session_id, end_session: true });
    expect((await start('late', { session_id })).error.code).toBe('INVALID_STATE');
    const late = { content: 'late', background: true };
    expect((await app.http.post(`/api/v1/sessions/${session_id}/messages`, late)).error.code).toBe('INVALID_STATE');
  });

  it('starts once for one idempotency key, and is answered the same again', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await start('count 5 every 10', {}, key);
    const again = await start('count 5 every 10', {}, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(again.data).toEqual(first.data);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect((await start('count 6 every 10', {}, key)).status).toBe(422);
  });
});

describe('many background runs', () => {
  it('run at most as many at a time as there are slots, and all of them', async () => {
    const own = await registeredAgent(app, { org_id: 'many', agent_name: 'busy' });
    const http = app.http.as('many');
    const ids: string[] = [];
    runtime.most = 0;
    for (let index = 0; index < 6; index++) {
      const body = { input_text: 'count 5 every 30', background: true };
      ids.push((await http.post<RunBody>(`${own.path}/invoke`, body)).data.invocation_id);
    }
    for (const id of ids)
      await eventually(
        async () => (await http.get<RunBody>(`/api/v1/invocations/${id}`)).data,
        ({ status }) => status === 'success',
      );
    expect(runtime.most).toBe(2);
    await app.app.get(StatisticsAggregator, { strict: false }).catchUp();
    expect(await app.app.get(StatisticsRecount, { strict: false }).differences()).toEqual([]);
    expect((await http.get(own.path)).data).toMatchObject({ runtime_stats: { total_invocations: 6 } });
  });

  it('end with their agent and leave nothing', async () => {
    const own = await registeredAgent(app, { agent_name: 'deleted' });
    const body = { input_text: 'count 503 every 10', background: true };
    const ids: string[] = [];
    for (let index = 0; index < 4; index++)
      ids.push((await app.http.post<RunBody>(`${own.path}/invoke`, body)).data.invocation_id);
    await eventually(
      async () => runtime.counted,
      (counted) => counted > 10,
    );
    expect((await app.http.delete(own.path)).status).toBe(200);
    await eventually(
      () => leftoversOf(app, ids),
      (found) => Object.keys(found).length === 0,
    );
    expect(runtime.stopped.filter((input) => input === body.input_text).length).toBeGreaterThanOrEqual(2);
  });

  it('end soon when their agent is deleted through another process, and leave nothing', async () => {
    const other = await startBeside(app, new CountingRuntime());
    try {
      const own = await registeredAgent(app, { agent_name: 'far-away' });
      const body = { input_text: 'count 504 every 20', background: true };
      const { data } = await app.http.post<RunBody>(`${own.path}/invoke`, body);
      runtime.counted = 0;
      await eventually(
        async () => runtime.counted,
        (counted) => counted > 10,
      );
      expect((await other.http.delete(own.path)).status).toBe(200);
      await eventually(
        async () => runtime.stopped,
        (stopped) => stopped.includes(body.input_text),
      );
      await eventually(
        () => leftoversOf(app, [data.invocation_id]),
        (found) => Object.keys(found).length === 0,
      );
    } finally {
      await other.close();
    }
  });
});

describe('a process that is told to stop', () => {
  it('lets background runs finish for a while and records the rest as interrupted', async () => {
    const leaving = await startBeside(app, new CountingRuntime(), {
      BACKGROUND_RUN_SLOTS: '2',
      BACKGROUND_RUN_GRACE_SECONDS: '4',
    });
    const ids: string[] = [];
    for (const input_text of ['count 20 every 20', 'count 900 every 20', 'count 1 every 1'])
      ids.push(
        (await leaving.http.post<RunBody>(`${agent.path}/invoke`, { input_text, background: true })).data.invocation_id,
      );
    const [short = '', long = '', waiting = ''] = ids;
    const following = readEvents(`${leaving.url}/api/v1/invocations/${long}/events`);
    await leaving.close();
    await following;
    expect(await record(short)).toMatchObject({ status: 'success' });
    for (const id of [long, waiting])
      expect(await record(id)).toMatchObject({
        status: 'failed',
        error: { reason: 'interrupted', message: 'The platform was stopped before the agent answered' },
      });
    const events = await follow(long);
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { details: { reason: 'interrupted' } } });
  });
});
