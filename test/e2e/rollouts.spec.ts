import { runsCandidate, type Rollout } from '../../src/agents/agent.js';
import { AgentRunError, type AgentEvent, type AgentRun } from '../../src/runtimes/agent-runtime.js';
import { ValidationError } from '../../src/shared/domain-error.js';
import { StatisticsRecount } from '../../src/statistics/statistics-recount.js';
import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { ranFlow } from '../support/flows.js';
import { eventually, type HttpClient } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';

/** Answers with its prompt, which differs between versions. The input can make it fail or wait. */
class TellingRuntime extends ObedientRuntime {
  private begin = (): void => undefined;
  /** Ends the runs that wait. */
  release = (): void => undefined;
  readonly begun = new Promise<void>((done) => (this.begin = done));
  private readonly released = new Promise<void>((done) => (this.release = done));
  lacksTools = false;

  override async deploy(): ReturnType<ObedientRuntime['deploy']> {
    if (this.lacksTools) throw ValidationError.field('tools', 'names the unknown tool abacus');
    return super.deploy();
  }

  override async *run(run: AgentRun): AsyncGenerator<AgentEvent> {
    const { definition, input } = run;
    yield { type: 'start', model: 'test/telling' };
    if (input === 'wait') {
      this.begin();
      await this.released;
    }
    if (input === 'fail') throw new AgentRunError('model', 'failed as told');
    const usage = { input_tokens: 3, output_tokens: 5 };
    const output = definition.system_prompt;
    yield { type: 'delta', text: output };
    yield { type: 'done', result: { output, model: 'test/telling', usage, cost_usd: 0.001, steps: [] } };
  }
}

interface Figures {
  version: string;
  percent: number;
  total_invocations: number;
  successful_invocations: number;
  failed_invocations: number;
  faults: number;
  success_rate: number | null;
  avg_duration_ms: number | null;
  p95_duration_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
  unpriced_invocations: number;
}
interface RolloutBody extends Record<string, unknown> {
  rollout_id: string;
  status: string;
  revision: number;
  current: Figures;
  candidate: Figures;
  started_at: string;
  ended_at: string | null;
}
interface Run {
  invocation_id: string;
  session_id: string;
  agent_version: string;
  status: string;
}
interface AgentBody extends Record<string, unknown> {
  version: string;
  revision: number;
  rollout: { version: string; percent: number } | null;
}
interface Invoked extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  output: string;
}

const PROMPTS: Record<string, string> = { 'v1.0.0': 'Obey.', 'v1.0.1': 'Second.' };

let app: TestApp;
let http: HttpClient;
let other: TestApp;
let made = 0;
const runtime = new TellingRuntime();

beforeAll(async () => {
  app = await startApp({ BACKGROUND_RUN_SLOTS: '1' }, runtime);
  ({ http } = app);
  other = await startBeside(app, new TellingRuntime());
});
afterAll(async () => {
  await other.close();
  await app.close();
});

/** An agent whose current version is v1.0.0, beside v1.0.1. */
async function twoVersions(): Promise<BuiltAgent> {
  made += 1;
  const agent = await registeredAgent(app, { agent_name: `rolled-${made}` });
  await http.put(`${agent.path}/definition`, { revision: 1, system_prompt: 'Second.' });
  await http.post(`${agent.path}/rollback`, { version: 'v1.0.0' });
  return agent;
}
const start = async ({ path }: BuiltAgent, percent: number, version = 'v1.0.1') =>
  http.put<RolloutBody>(`${path}/rollout`, { version, percent });
const rolloutOf = async ({ path }: BuiltAgent) => (await http.get<RolloutBody>(`${path}/rollout`)).data;
/** The rollout when it has counted so many runs: counting may lag behind on a slow machine. */
const countedOf = (agent: BuiltAgent, total: number) =>
  eventually(
    () => rolloutOf(agent),
    ({ current, candidate }) => current.total_invocations + candidate.total_invocations >= total,
  );
const agentOf = async ({ path }: BuiltAgent) => (await http.get<AgentBody>(path)).data;
const invoke = async ({ path }: BuiltAgent, body: object = {}, by = http) =>
  (await by.post<Invoked>(`${path}/invoke`, { input_text: 'Hello', ...body })).data;
const runsOf = async ({ path }: BuiltAgent) =>
  (await http.get<{ invocations: Run[] }>(`${path}/invocations?limit=100`)).data.invocations;

/** The version that the ids of a rollout and a session decide. */
function decided({ rollout_id, started_at, candidate, current }: RolloutBody, session_id: string): string {
  const { percent } = candidate;
  return runsCandidate({ rollout_id, started_at, percent } as Rollout, session_id)
    ? candidate.version
    : current.version;
}

describe('a rollout', () => {
  it('gives each session its version, which stays, and counts both exactly', async () => {
    const agent = await twoVersions();
    const before = (await http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data;
    const { status, data } = await start(agent, 40);
    expect(status).toBe(200);
    expect(data).toMatchObject({
      ...{ agent_id: agent.agent_id, status: 'running', ended_at: null },
      current: { version: 'v1.0.0', percent: 60, total_invocations: 0, success_rate: null, cost_usd: 0 },
      candidate: { version: 'v1.0.1', percent: 40, total_invocations: 0, p95_duration_ms: null },
    });
    expect((await agentOf(agent)).rollout).toMatchObject({ version: 'v1.0.1', percent: 40 });

    const sessions: string[] = [];
    const seen = () => new Set(sessions.map((id) => decided(data, id))).size;
    while (sessions.length < 20 || seen() < 2) {
      const { session_id, output } = await invoke(agent);
      expect(output).toBe(PROMPTS[decided(data, session_id)]);
      sessions.push(session_id);
    }
    const late = [before.session_id, ...sessions.slice(0, 3)];
    for (const session_id of late)
      expect((await invoke(agent, { session_id })).output).toBe(PROMPTS[decided(data, session_id)]);
    expect(decided(data, before.session_id)).toBe('v1.0.0');
    await invoke(agent, { input_text: 'fail', session_id: sessions[0] });
    // Not part of the rollout: the caller chose.
    expect((await invoke(agent, { version: 'v1.0.1' })).output).toBe('Second.');
    expect((await invoke(agent, { version: 'v1.0.0' })).output).toBe('Obey.');
    await invoke(agent, { model: 'nexus/offline' });

    const counted = [...sessions, ...late].map((id) => decided(data, id));
    const { current, candidate } = await countedOf(agent, counted.length + 1);
    for (const figures of [current, candidate]) {
      const successes = counted.filter((version) => version === figures.version).length;
      const failures = figures.version === decided(data, sessions[0] ?? '') ? 1 : 0;
      const total = successes + failures;
      expect(figures).toMatchObject({
        ...{ total_invocations: total, successful_invocations: successes, failed_invocations: failures },
        ...{ faults: failures, success_rate: Math.round((successes / total) * 10_000) / 100 },
        ...{ input_tokens: 3 * successes, output_tokens: 5 * successes },
        ...{ cost_usd: successes / 1_000, unpriced_invocations: failures },
      });
      expect(figures.avg_duration_ms).toBeGreaterThan(0);
      expect(figures.p95_duration_ms).toBeGreaterThan(0);
    }
    const recount = app.app.get(StatisticsRecount, { strict: false });
    expect(await recount.differences()).toEqual([]);
    expect((await http.delete(agent.path)).status).toBe(200);
    expect(await recount.differences()).toEqual([]);
    expect((await http.get(`${agent.path}/rollout`)).status).toBe(404);
  });

  it('decides the same at every door', async () => {
    const agent = await twoVersions();
    const { data } = await start(agent, 50);
    const id = encodeURIComponent(agent.agent_id);
    const json = { 'content-type': 'application/json' };
    const send = async (path: string, body: object, headers = {}) => {
      const response = await http.raw('POST', path, JSON.stringify(body), { ...json, ...headers });
      expect([path, response.status]).toEqual([path, 200]);
      return response.text();
    };
    const doors = [
      () => invoke(agent),
      () => send(`${agent.path}/invoke`, { input_text: 'Hello' }, { accept: 'text/event-stream' }),
      async () => {
        const { data: run } = await http.post<Run>(`${agent.path}/invoke`, { input_text: 'Hello', background: true });
        await eventually(
          async () => (await http.get<Run>(`/api/v1/invocations/${run.invocation_id}`)).data,
          (one) => one.status === 'success',
        );
      },
      async () => {
        const { data: session } = await http.post<Run>(`${agent.path}/sessions`, {});
        await http.post(`/api/v1/sessions/${session.session_id}/messages`, { content: 'Hello' });
      },
      () => send('/v1/chat/completions', { model: agent.agent_id, messages: [{ role: 'user', content: 'Hello' }] }),
      () => send('/v1/responses', { model: agent.agent_id, input: 'Hello' }),
      () =>
        send(`/ag-ui/agents/${id}`, {
          threadId: 't',
          runId: 'r',
          messages: [{ id: '1', role: 'user', content: 'Hello' }],
        }),
      () =>
        send(`/ai-sdk/agents/${id}/chat`, {
          id: 'c',
          messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
        }),
      () =>
        send(
          `/mcp/agents/${id}`,
          {
            ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
            params: { name: agent.agent_id.split(':')[1], arguments: { message: 'Hello' } },
          },
          { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
        ),
      () =>
        send(
          `/a2a/agents/${id}`,
          {
            ...{ jsonrpc: '2.0', id: 1, method: 'SendMessage' },
            params: { message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text: 'Hello' }] } },
          },
          { 'a2a-version': '1.0' },
        ),
      () =>
        ranFlow(http, {
          input_schema: {},
          steps: [{ id: 'ask', agent: { agent_id: agent.agent_id, input: 'Hello' } }],
        }),
    ];
    for (const [index, door] of doors.entries()) {
      await door();
      await door();
      const runs = await runsOf(agent);
      expect([index, runs.length]).toEqual([index, 2 * (index + 1)]);
    }
    const runs = await runsOf(agent);
    for (const { session_id, agent_version } of runs) expect(agent_version).toBe(decided(data, session_id));
    const { current, candidate } = await countedOf(agent, runs.length);
    const ofVersion = (version: string) => runs.filter((run) => run.agent_version === version).length;
    expect([current.total_invocations, candidate.total_invocations]).toEqual([
      ofVersion('v1.0.0'),
      ofVersion('v1.0.1'),
    ]);
  });

  it('moves sessions to the candidate only when its share grows, and counts on', async () => {
    const agent = await twoVersions();
    const first = (await start(agent, 20)).data;
    const sessions = await Promise.all(Array.from({ length: 12 }, async () => (await invoke(agent)).session_id));
    const { data: second, status } = await start(agent, 80);
    expect(status).toBe(200);
    expect(second).toMatchObject({
      ...{ rollout_id: first.rollout_id, started_at: first.started_at, candidate: { percent: 80 } },
      revision: first.revision + 1,
    });
    for (const session_id of sessions) {
      const { output } = await invoke(agent, { session_id });
      expect(output).toBe(PROMPTS[decided(second, session_id)]);
      if (decided(first, session_id) === 'v1.0.1') expect(output).toBe('Second.');
    }
    const { current, candidate } = await countedOf(agent, 24);
    expect(current.total_invocations + candidate.total_invocations).toBe(24);
  });

  it('is obeyed at once here, and within a second by another process', async () => {
    const agent = await twoVersions();
    const there = other.http.as('default', 'developer');
    await invoke(agent, {}, there);
    const { data } = await start(agent, 99);
    const { session_id, output } = await invoke(agent);
    expect(output).toBe(PROMPTS[decided(data, session_id)]);
    await eventually(
      async () => (await invoke(agent, {}, there)).output,
      (said) => said === 'Second.',
    );
    expect((await invoke(agent, { session_id }, there)).output).toBe(PROMPTS[decided(data, session_id)]);
    await http.delete(`${agent.path}/rollout`);
    expect((await invoke(agent, { session_id })).output).toBe('Obey.');
    await eventually(
      async () => (await invoke(agent, { session_id }, there)).output,
      (said) => said === 'Obey.',
    );
  });

  it('ends with the promotion of its candidate while runs go on, each with the version that its record names', async () => {
    const agent = await twoVersions();
    const { data } = await start(agent, 50);
    const calls = Array.from({ length: 15 }, () => invoke(agent));
    const promoted = await http.post<RolloutBody>(`${agent.path}/rollout/promote`, { revision: data.revision });
    expect([promoted.status, promoted.data.status]).toEqual([200, 'promoted']);
    expect(promoted.data.ended_at).toBe(promoted.data['updated_at']);
    const answers = await Promise.all(calls);
    for (const { invocation_id, output } of answers) {
      const { data: run } = await http.get<Run>(`/api/v1/invocations/${invocation_id}`);
      expect(output).toBe(PROMPTS[run.agent_version]);
    }
    expect(await agentOf(agent)).toMatchObject({ version: 'v1.0.1', rollout: null });
    for (let index = 0; index < 5; index++) expect((await invoke(agent)).output).toBe('Second.');
    expect(await rolloutOf(agent)).toMatchObject({ status: 'promoted', current: { version: 'v1.0.0' } });
    for (const gone of [http.delete(`${agent.path}/rollout`), http.post(`${agent.path}/rollout/promote`, {})])
      expect(await gone).toMatchObject({ status: 404, error: { code: 'RESOURCE_NOT_FOUND' } });
  });

  it('counts a run that was accepted earlier for the version that it really runs', async () => {
    const agent = await twoVersions();
    const background = async (input_text: string) =>
      (await http.post<Run>(`${agent.path}/invoke`, { input_text, background: true })).data.invocation_id;
    const recordOf = async (id: string) => (await http.get<Run & { output: string }>(`/api/v1/invocations/${id}`)).data;
    const { data } = await start(agent, 99);
    await background('wait');
    await runtime.begun;
    const queued: string[] = [];
    const versionOf = (id: string) => decided(data, id.replace('inv_', 'sess_'));
    while (!queued.some((id) => versionOf(id) === 'v1.0.1')) queued.push(await background('Hello'));
    const accepted = await Promise.all(queued.map(recordOf));
    expect(accepted.map(({ agent_version }) => agent_version)).toEqual(queued.map(versionOf));
    await http.delete(`${agent.path}/rollout`);
    runtime.release();
    for (const id of queued) {
      const run = await eventually(
        () => recordOf(id),
        ({ status }) => status === 'success',
      );
      expect(run).toMatchObject({ agent_version: 'v1.0.0', output: 'Obey.' });
    }
    const { current, candidate } = await countedOf(agent, 1);
    expect(current.total_invocations + candidate.total_invocations).toBe(1);
  });

  it('ends when another version becomes the current one, in whatever way', async () => {
    const changes: [string, string, (agent: BuiltAgent) => Promise<{ status: number }>][] = [
      ['an edit', 'superseded', async ({ path }) => http.put(`${path}/definition`, { revision: 4, role: 'another' })],
      ['a new label', 'superseded', ({ path }) => http.put(path, { version: 'stable' })],
      ['a rollback to the candidate', 'promoted', ({ path }) => http.post(`${path}/rollback`, { version: 'v1.0.1' })],
    ];
    for (const [name, status, change] of changes) {
      const agent = await twoVersions();
      await start(agent, 50);
      expect([name, (await change(agent)).status]).toEqual([name, 200]);
      expect([name, (await rolloutOf(agent)).status]).toEqual([name, status]);
      const { version } = await agentOf(agent);
      const { invocation_id } = await invoke(agent);
      const { data: run } = await http.get<Run>(`/api/v1/invocations/${invocation_id}`);
      expect([name, run.agent_version]).toEqual([name, version]);
    }
    const agent = await twoVersions();
    await start(agent, 50);
    await http.put(agent.path, { description: 'Obeys well' });
    await http.put(`${agent.path}/status`, { status: 'offline' });
    await http.put(`${agent.path}/status`, { status: 'running' });
    expect((await rolloutOf(agent)).status).toBe('running');
  });

  it('takes a version that an edit stored without serving it, and goes on beside such an edit', async () => {
    const agent = await registeredAgent(app, { agent_name: 'edited-aside' });
    const edit = (body: object) => http.put<AgentBody & { edited_version: string }>(`${agent.path}/definition`, body);
    const { data: kept } = await edit({ revision: 1, activate: false, system_prompt: 'Second.' });
    expect(kept).toMatchObject({ version: 'v1.0.0', edited_version: 'v1.0.1', revision: 2, rollout: null });
    expect((await invoke(agent)).output).toBe('Obey.');
    expect((await invoke(agent, { version: 'v1.0.1' })).output).toBe('Second.');
    expect((await start(agent, 50)).status).toBe(200);
    const { data: third } = await edit({ revision: 3, activate: false, system_prompt: 'Third.' });
    expect(third).toMatchObject({ version: 'v1.0.0', edited_version: 'v1.0.2', rollout: { version: 'v1.0.1' } });
    expect((await http.post(`${agent.path}/rollout/promote`, {})).status).toBe(200);
    const { data: served } = await edit({ revision: 5, activate: true, role: 'another' });
    expect(served).toMatchObject({ version: 'v1.0.3', edited_version: 'v1.0.3' });
    const versions = (await http.get<{ versions: { version: string; current: boolean }[] }>(`${agent.path}/versions`))
      .data;
    expect(versions.versions.map(({ version, current }) => [version, current])).toEqual([
      ['v1.0.3', true],
      ['v1.0.2', false],
      ['v1.0.1', false],
      ['v1.0.0', false],
    ]);
    await http.put(agent.path, { requires_approval: ['calculator'] });
    const hidden = await edit({ revision: 7, activate: false, requires_approval: [] });
    expect([hidden.status, Object.keys(hidden.error.details.fields ?? {})]).toEqual([400, ['requires_approval']]);
    expect((await edit({ revision: 7, activate: false })).status).toBe(400);
  });

  it('is refused with the reason', async () => {
    const agent = await twoVersions();
    const rollout = `${agent.path}/rollout`;
    expect(await http.get(rollout)).toMatchObject({ status: 404, error: { details: { type: 'Rollout' } } });
    for (const [body, field] of [
      [{ version: 'v1.0.0', percent: 10 }, 'version'],
      [{ version: 'v1.0.1', percent: 0 }, 'percent'],
      [{ version: 'v1.0.1', percent: 100 }, 'percent'],
      [{ version: 'v1.0.1', percent: 1.5 }, 'percent'],
      [{ percent: 10 }, 'version'],
    ] as const) {
      const { status, error } = await http.put(rollout, body);
      expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
    }
    expect(await start(agent, 10, 'v9.9.9')).toMatchObject({ status: 404 });
    runtime.lacksTools = true;
    const unable = await start(agent, 10);
    runtime.lacksTools = false;
    expect([unable.status, unable.error?.details.fields]).toEqual([
      400,
      { version: ['cannot run: tools names the unknown tool abacus'] },
    ]);
    const { data } = await start(agent, 10);
    await http.put(agent.path, { version: 'v1.0.0', tags: ['x'] });
    const stale = { version: 'v1.0.1', percent: 20, revision: data.revision };
    for (const conflict of [
      http.put(rollout, stale),
      http.post(`${rollout}/promote`, { revision: data.revision }),
      http.put(rollout, { version: 'stable', percent: 20 }),
    ])
      expect(await conflict).toMatchObject({ status: 409, error: { code: 'RESOURCE_CONFLICT' } });
    const stops = await Promise.all([http.delete(rollout), http.delete(rollout)]);
    expect(stops.map(({ status }) => status).sort()).toEqual([200, 404]);
  });

  it('belongs to its organization, and is changed by developers only', async () => {
    const agent = await twoVersions();
    await start(agent, 10);
    const rollout = `${agent.path}/rollout`;
    const body = { version: 'v1.0.1', percent: 50 };
    const rival = http.as('rival');
    const viewer = http.as('default', 'viewer', ['viewer']);
    for (const [by, status] of [
      [rival, 404],
      [viewer, 403],
    ] as const) {
      const refused = await Promise.all([by.put(rollout, body), by.delete(rollout), by.post(`${rollout}/promote`, {})]);
      expect(refused.map((one) => one.status)).toEqual([status, status, status]);
    }
    expect((await rival.get(rollout)).status).toBe(404);
    expect((await viewer.get(rollout)).status).toBe(200);
    await http.delete(rollout);
    const admin = http.as('default', 'auditor', ['admin']);
    const { data: log } = await admin.get<{ entries: Record<string, unknown>[] }>('/api/v1/audit?limit=100');
    const entries = log.entries.filter(({ target }) => target === agent.agent_id);
    const told = entries.map(({ action, outcome, actor, details }) => [action, outcome, actor, details]);
    expect(told).toContainEqual(['agent.rollout_set', 'success', 'developer', { version: 'v1.0.1', percent: 10 }]);
    expect(told[0]).toEqual(['agent.rollout_stopped', 'success', 'developer', {}]);
  });

  it('starts once for two people who start one of different versions', async () => {
    const agent = await twoVersions();
    await http.put(`${agent.path}/definition`, { revision: 3, system_prompt: 'Third.' });
    await http.post(`${agent.path}/rollback`, { version: 'v1.0.0' });
    const both = await Promise.all([start(agent, 10, 'v1.0.1'), start(agent, 10, 'v1.0.2')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const kept = both.find(({ status }) => status === 200)?.data;
    expect((await rolloutOf(agent)).rollout_id).toBe(kept?.rollout_id);
  });
});
