import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import type { HttpClient } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { readEvents } from '../support/sse.js';

interface Invoked extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  output: string;
}

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  agent = await builtAgent(app.http);
});
afterAll(() => app.close());

const invoke = (body: Record<string, unknown>, headers?: Record<string, string>) =>
  app.http.post<Invoked>(`${agent.path}/invoke`, body, headers);

const invokeOf = (http: HttpClient, { path }: BuiltAgent) =>
  http.post(`${path}/invoke`, { input_text: 'What is 2 + 2?' });

describe('an agent', () => {
  it('answers through its tool, visibly in the trace, and the run is recorded and counted', async () => {
    const { status, data } = await invoke({ input_text: 'What is 1234 * 56?', enable_trace: true });
    expect(status).toBe(200);
    expect(data).toMatchObject({
      status: 'success',
      model: 'nexus/offline',
      usage: { input_tokens: expect.any(Number) as unknown },
    });
    expect(data.output).toContain('69,104');
    const { steps } = data['trace'] as { steps: { type: string; name: string }[] };
    expect(steps.filter(({ type }) => type === 'tool').map(({ name }) => name)).toEqual(['calculator']);
    const { data: record } = await app.http.get(`/api/v1/invocations/${data.invocation_id}`);
    expect(record).toMatchObject({
      output: data.output,
      input_text: 'What is 1234 * 56?',
      session_id: data.session_id,
      trace: { steps },
    });
    const { data: seen } = await app.http.get<{
      runtime_stats: { total_invocations: number; p95_duration_ms: number };
    }>(agent.path);
    expect(seen.runtime_stats.total_invocations).toBeGreaterThanOrEqual(1);
    expect(seen.runtime_stats.p95_duration_ms).toBeGreaterThan(0);
  });

  it('remembers a conversation that began without a session', async () => {
    const first = await invoke({ input_text: 'My name is Ada.' });
    const second = await invoke({ input_text: 'What is my name?', session_id: first.data.session_id });
    expect(second.data).toMatchObject({ session_id: first.data.session_id });
    expect(second.data.output).toContain('Ada');
    const closing = await invoke({ input_text: 'Thank you', session_id: first.data.session_id, end_session: true });
    expect(closing.status).toBe(200);
    const closed = await invoke({ input_text: 'Hello?', session_id: first.data.session_id });
    expect({ status: closed.status, code: closed.error.code }).toEqual({ status: 400, code: 'INVALID_STATE' });
    expect((await invoke({ input_text: 'Hi', session_id: 'sess_none' })).status).toBe(404);
  });

  it('streams the same run that it answers otherwise', async () => {
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ input_text: 'What is 15% of 80?' }),
    };
    const events = await readEvents(`${app.url}${agent.path}/invoke`, init);
    expect(events[0]).toMatchObject({ event: 'start', data: { model: 'nexus/offline' } });
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['tool_call', 'tool_result', 'delta']));
    const done = events.at(-1);
    expect(done?.event).toBe('done');
    const text = events
      .filter(({ event }) => event === 'delta')
      .map(({ data }) => String(data['text']))
      .join('');
    expect(done?.data['output']).toBe(text);
    const { data: record } = await app.http.get(`/api/v1/invocations/${String(done?.data['invocation_id'])}`);
    expect(record).toMatchObject({ status: 'success', output: text });
  });

  it('takes 1 to 100,000 characters of any script and refuses others', async () => {
    const long = '数'.repeat(100_000);
    const { status, data } = await invoke({ input_text: long });
    expect(status).toBe(200);
    expect((await app.http.get(`/api/v1/invocations/${data.invocation_id}`)).data['input_text']).toBe(long);
    for (const input_text of ['', `${long}数`, 5]) {
      const refused = await invoke({ input_text });
      expect({ status: refused.status, fields: Object.keys(refused.error.details.fields ?? {}) }).toEqual({
        status: 400,
        fields: ['input_text'],
      });
    }
  });

  it('is invoked once for one idempotency key', async () => {
    const list = async (): Promise<number> =>
      (await app.http.get<{ total: number }>(`${agent.path}/invocations?limit=100`)).data.total;
    const before = await list();
    const answers = [];
    for (let repeat = 0; repeat < 3; repeat++)
      answers.push(await invoke({ input_text: 'What is 2 + 2?' }, { 'idempotency-key': 'pay-once' }));
    expect(new Set(answers.map(({ data }) => data.invocation_id)).size).toBe(1);
    expect(await list()).toBe(before + 1);
  });

  it('is changed field by field, and cannot be invoked unless it is running', async () => {
    const http = app.http.as('editor');
    const own = await builtAgent(http);
    const { data } = await http.put<{ tags: string[]; updated_at: string; created_at: string }>(own.path, {
      tags: ['blue'],
      category: 'math',
    });
    expect(data).toMatchObject({ tags: ['blue'], category: 'math' });
    expect(data.updated_at > data.created_at).toBe(true);
    for (const body of [{}, { colour: 'red' }, { tags: [1] }])
      expect((await http.put(own.path, body)).status).toBe(400);
    expect((await http.put(`${own.path}/status`, { status: 'asleep' })).status).toBe(400);
    const offline = await http.put(`${own.path}/status`, { status: 'offline', error_message: 'maintenance' });
    expect(offline.data).toMatchObject({ status: 'offline', error_message: 'maintenance' });
    expect((await http.get('/api/v1/statistics/overview')).data).toMatchObject({
      running_agents: 0,
      offline_agents: 1,
    });
    const refused = await http.post(`${own.path}/invoke`, { input_text: 'Hello' });
    expect(refused).toMatchObject({
      status: 400,
      error: { code: 'INVALID_STATE', details: { current_state: 'offline' } },
    });
    await http.put(`${own.path}/status`, { status: 'running' });
    expect((await http.get('/api/v1/statistics/overview')).data).toMatchObject({
      running_agents: 1,
      offline_agents: 0,
    });
  });

  it('is found by every filter, with raw and encoded colons in its id', async () => {
    const http = app.http.as('finder');
    const own = await builtAgent(http);
    const found = async (query: string): Promise<unknown[]> =>
      (await http.get<{ agents: { agent_id: string }[] }>(`/api/v1/agents?${query}`)).data.agents.map(
        ({ agent_id }) => agent_id,
      );
    const all = [own.agent_id];
    expect(await found(`project_id=${own.project_id}`)).toEqual(all);
    expect(await found('status=running')).toEqual(all);
    expect(await found('capabilities=tool:calculator,text_generation')).toEqual(all);
    expect(await found('capabilities=tool:calculator,tool:teleport')).toEqual([]);
    expect(await found('search=CALC')).toEqual(all);
    expect(await found('search=zebra')).toEqual([]);
    expect((await http.get('/api/v1/agents?status=asleep')).status).toBe(400);
    expect((await http.get(`/api/v1/agents/${own.agent_id}`)).status).toBe(200);
  });

  it('keeps its versions and is rolled back to any of them', async () => {
    const http = app.http.as('builder');
    const other = await builtAgent(http, 'An assistant that converts units of length and weight for engineers.');
    await http.put(`/api/v1/projects/${other.project_id}/control`, { action: 'restart' });
    await expect(
      (async () => {
        for (;;) {
          const { data } = await http.get<{ version: string }>(other.path);
          if (data.version === 'v1.0.1') return data.version;
        }
      })(),
    ).resolves.toBe('v1.0.1');
    const { data } = await http.get<{ versions: { version: string; current: boolean }[] }>(`${other.path}/versions`);
    expect(data.versions.map(({ version, current }) => [version, current])).toEqual([
      ['v1.0.1', true],
      ['v1.0.0', false],
    ]);
    expect((await http.post(`${other.path}/rollback`, { version: 'v1.0.0' })).data).toMatchObject({
      version: 'v1.0.0',
    });
    expect((await http.post(`${other.path}/rollback`, { version: 'v9' })).status).toBe(404);
  });

  it('shows the coverage of the version that it runs', async () => {
    const coverage = { proven: 1, unproven: 1, contradicted: 0, total: 2, share: 0.5, warning: 'R-2 is not proven.' };
    const half = await registeredAgent(app, { agent_name: 'covered', build_id: 'bld_1', coverage });
    const whole = { ...coverage, proven: 2, unproven: 0, share: 1, warning: null };
    await registeredAgent(app, { agent_name: 'covered', build_id: 'bld_2', coverage: whole });
    const { http } = app;
    expect((await http.get(half.path)).data).toMatchObject({ version: 'v1.0.1', coverage: whole });
    const back = await http.post(`${half.path}/rollback`, { version: 'v1.0.0' });
    expect(back.data).toMatchObject({ version: 'v1.0.0', coverage });
  });

  it('has every version that was set by hand', async () => {
    const http = app.http.as('labeller');
    const own = await builtAgent(http);
    const versions = async () =>
      (
        await http.get<{ versions: { version: string; current: boolean; definition: object }[] }>(
          `${own.path}/versions`,
        )
      ).data.versions;
    expect((await http.put(own.path, { version: 'v2.0.0', tags: ['major'] })).data).toMatchObject({
      version: 'v2.0.0',
      tags: ['major'],
    });
    const [second, first] = await versions();
    expect([second, first]).toMatchObject([
      { version: 'v2.0.0', current: true },
      { version: 'v1.0.0', current: false },
    ]);
    expect(second?.definition).toEqual(first?.definition);
    expect((await http.put(own.path, { version: 'v1.0.0' })).data).toMatchObject({ version: 'v1.0.0' });
    expect((await http.put(own.path, { version: 'v1.0.0' })).status).toBe(200);
    expect((await http.post(`${own.path}/rollback`, { version: 'v2.0.0' })).data).toMatchObject({ version: 'v2.0.0' });
    expect((await versions()).map(({ version, current }) => [version, current])).toEqual([
      ['v2.0.0', true],
      ['v1.0.0', false],
    ]);
    expect((await invokeOf(http, own)).status).toBe(200);
    expect(await http.put(own.path, { version: 'v1.0.7' })).toMatchObject({
      status: 400,
      error: { code: 'VALIDATION_ERROR', details: { fields: { version: [expect.stringContaining('v1.0.7')] } } },
    });
  });

  it('does not exist for another organisation', async () => {
    const rival = app.http.as('rival');
    const { data } = await invoke({ input_text: 'What is 1 + 1?' });
    for (const path of [
      agent.path,
      `${agent.path}/invocations`,
      `${agent.path}/versions`,
      `${agent.path}/sessions`,
      `/api/v1/invocations/${data.invocation_id}`,
    ])
      expect((await rival.get(path)).status).toBe(404);
    expect((await rival.post(`${agent.path}/invoke`, { input_text: 'hi' })).status).toBe(404);
    expect((await rival.post(`${agent.path}/sessions`, {})).status).toBe(404);
    expect((await rival.put(agent.path, { category: 'x' })).status).toBe(404);
    expect((await rival.put(`${agent.path}/status`, { status: 'error' })).status).toBe(404);
    expect((await rival.delete(agent.path)).status).toBe(404);
    expect(
      (await rival.get<{ agents: unknown[] }>(`/api/v1/agents?project_id=${agent.project_id}`)).data.agents,
    ).toEqual([]);
    const statistics = `/api/v1/statistics/invocations?agent_id=${encodeURIComponent(agent.agent_id)}`;
    expect((await rival.get(statistics)).status).toBe(404);
  });

  it('is deleted with all under it, while the statistics of the past stay', async () => {
    const http = app.http.as('leaver');
    const doomed = await builtAgent(http);
    const { data } = await http.post<Invoked>(`${doomed.path}/invoke`, { input_text: 'What is 3 * 3?' });
    const { data: session } = await http.post<{ session_id: string }>(`${doomed.path}/sessions`, {});
    await http.post(`/api/v1/sessions/${session.session_id}/messages`, { content: 'What is 4 * 4?' });
    expect((await http.delete(doomed.path)).data).toEqual({
      deleted: { agents: 1, invocations: 2, sessions: 1, messages: 2 },
    });
    const project = await http.get<{ agents: string[] }>(`/api/v1/projects/${doomed.project_id}`);
    expect([project.status, project.data.agents]).toEqual([200, []]);
    for (const path of [
      doomed.path,
      `/api/v1/invocations/${data.invocation_id}`,
      `/api/v1/sessions/${session.session_id}`,
    ])
      expect((await http.get(path)).status).toBe(404);
    expect((await http.get('/api/v1/statistics/overview')).data).toMatchObject({
      total_agents: 0,
      today_calls: 2,
      successful_builds: 1,
    });
  });
});
