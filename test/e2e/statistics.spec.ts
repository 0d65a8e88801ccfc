import type { AgentEvent, AgentRun } from '../../src/runtimes/agent-runtime.js';
import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import type { HttpClient } from '../support/http.js';
import { localRuntime } from '../support/local-runtime.fixture.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';

/** The platform's own runtime, which also fails when its input says so. */
class MoodyRuntime extends ObedientRuntime {
  private readonly local = localRuntime();

  override run(run: AgentRun): AsyncGenerator<AgentEvent> {
    return run.input.startsWith('fail ') ? super.run(run) : this.answered(run);
  }

  private async *answered(run: AgentRun): AsyncGenerator<AgentEvent> {
    yield* this.local.run(run);
  }
}

interface InvocationRecord extends Record<string, unknown> {
  invocation_id: string;
  status: string;
  duration_ms: number;
  usage: { input_tokens: number; output_tokens: number };
  created_at: string;
}
type Row = Record<string, unknown> & { date: string };

const INPUTS = ['What is 1 + 1?', 'What is 15% of 80?', 'fail model', 'What is 12 * 12?', 'fail timeout'];

let app: TestApp;
let http: HttpClient;
let agents: BuiltAgent[];
let stopped: { project_id: string; stage: string };

beforeAll(async () => {
  app = await startApp({ BUILD_STAGE_PAUSE_MS: '20' }, new MoodyRuntime());
  http = app.http.as('busy');
  agents = [await builtAgent(http), await builtAgent(http)];
  for (const input_text of INPUTS) await http.post(`${first().path}/invoke`, { input_text });
  await http.post(`${second().path}/invoke`, { input_text: 'What is 3 * 3?' });
  stopped = await stoppedBuild();
});
afterAll(() => app.close());

const first = (): BuiltAgent => at(agents, 0);
const second = (): BuiltAgent => at(agents, 1);

function at<T>(all: T[], index: number): T {
  const one = all[index];
  if (one === undefined) throw new RangeError(`no element ${index}`);
  return one;
}

async function stoppedBuild(): Promise<{ project_id: string; stage: string }> {
  const requirement = 'An assistant that tells dates and times in any time zone.';
  const { project_id } = (await http.post<{ project_id: string }>('/api/v1/projects', { requirement })).data;
  await http.put(`/api/v1/projects/${project_id}/control`, { action: 'stop' });
  const { data } = await http.get<{ current_stage: string }>(`/api/v1/projects/${project_id}`);
  return { project_id, stage: data.current_stage };
}

const rows = async (path: string, client = http): Promise<Row[]> =>
  (await client.get<Row[]>(`/api/v1/statistics/${path}`)).data;
const records = async (agent: BuiltAgent): Promise<InvocationRecord[]> =>
  (await http.get<{ invocations: InvocationRecord[] }>(`${agent.path}/invocations?limit=100`)).data.invocations;

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
const rounded = (value: number): number => Math.round(value * 100) / 100;
/** Summed in whole microseconds, as the counters do: sums of fractions differ in the last digit, and a mean is rounded by it. */
const mean = (durations_ms: number[]): number =>
  rounded(sum(durations_ms.map((ms) => Math.round(ms * 1000))) / 1000 / durations_ms.length);

/** What a day's row must say, from the records themselves; percentiles are estimates and looked at apart. */
function recounted(all: InvocationRecord[]): Record<string, unknown>[] {
  const days = [...new Set(all.map(({ created_at }) => created_at.slice(0, 10)))].sort();
  return days.map((date) => {
    const ofDay = all.filter(({ created_at }) => created_at.startsWith(date));
    const successful = ofDay.filter(({ status }) => status === 'success').length;
    return {
      date,
      total_invocations: ofDay.length,
      successful_invocations: successful,
      failed_invocations: ofDay.length - successful,
      success_rate: rounded((successful * 100) / ofDay.length),
      avg_duration_ms: mean(ofDay.map(({ duration_ms }) => duration_ms)),
      input_tokens: sum(ofDay.map(({ usage }) => usage.input_tokens)),
      output_tokens: sum(ofDay.map(({ usage }) => usage.output_tokens)),
    };
  });
}

const busyDays = (days: Row[]): Row[] => days.filter((row) => row['total_invocations'] !== 0);

describe('statistics of invocations', () => {
  it('equal a recount of the records, of all agents and of one', async () => {
    const [ofFirst, ofSecond] = [await records(first()), await records(second())];
    expect(busyDays(await rows('invocations'))).toMatchObject(recounted([...ofFirst, ...ofSecond]));
    for (const [agent, own] of [
      [first(), ofFirst],
      [second(), ofSecond],
    ] as const) {
      const days = await rows(`invocations?agent_id=${encodeURIComponent(agent.agent_id)}`);
      expect(busyDays(days)).toMatchObject(recounted(own));
    }
    const { data } = await http.get<{ runtime_stats: Record<string, unknown> }>(first().path);
    expect(data.runtime_stats).toMatchObject({
      total_invocations: 5,
      successful_invocations: 3,
      failed_invocations: 2,
      avg_duration_ms: mean(ofFirst.map(({ duration_ms }) => duration_ms)),
      last_invoked_at: ofFirst[0]?.created_at,
    });
  });

  it('estimate percentiles within five per cent', async () => {
    const durations = (await records(second())).map(({ duration_ms }) => duration_ms);
    const [day] = busyDays(await rows(`invocations?agent_id=${encodeURIComponent(second().agent_id)}`));
    for (const name of ['p50_duration_ms', 'p95_duration_ms', 'p99_duration_ms'])
      expect(Math.abs(Number(day?.[name]) / at(durations, 0) - 1)).toBeLessThan(0.05);
  });
});

describe('the overview', () => {
  it('counts agents, builds and the calls of today', async () => {
    const { data } = await http.get('/api/v1/statistics/overview');
    const today = new Date().toISOString().slice(0, 10);
    const [day] = recounted([...(await records(first())), ...(await records(second()))]).filter(
      ({ date }) => date === today,
    );
    expect(data).toMatchObject({
      total_agents: 2,
      running_agents: 2,
      building_agents: 0,
      offline_agents: 0,
      total_builds: 3,
      successful_builds: 2,
      failed_builds: 1,
      success_rate: 66.67,
      today_calls: day?.['total_invocations'] ?? 0,
      today_success_rate: day?.['success_rate'] ?? null,
      today_tokens: day ? Number(day['input_tokens']) + Number(day['output_tokens']) : 0,
    });
    expect(Object.keys(data)).toHaveLength(12);
  });
});

describe('statistics of builds', () => {
  it('say how many ended how, and in which stage', async () => {
    const busy = (await rows('builds')).filter((row) => row['total_builds'] !== 0);
    const total = (name: string): number => sum(busy.map((row) => Number(row[name])));
    expect([total('total_builds'), total('successful_builds'), total('failed_builds')]).toEqual([3, 2, 1]);
    const stages: Record<string, number> = {};
    for (const { builds_by_stage } of busy)
      for (const [stage, count] of Object.entries(builds_by_stage as Record<string, number>))
        stages[stage] = (stages[stage] ?? 0) + count;
    expect(stages).toEqual({ agent_deployer: 2, [stopped.stage]: 1 });
  });

  it('average their durations', async () => {
    const minutes = await Promise.all(
      [first(), second()].map(async ({ project_id }) => {
        const { data } = await http.get<{ started_at: string; completed_at: string }>(`/api/v1/projects/${project_id}`);
        return (Date.parse(data.completed_at) - Date.parse(data.started_at)) / 60_000;
      }),
    );
    const { data } = await http.get<{ avg_build_time_minutes: number }>('/api/v1/statistics/overview');
    expect(data.avg_build_time_minutes).toBeCloseTo(sum(minutes) / 2, 1);
    expect(data.avg_build_time_minutes).toBeGreaterThan(0);
  });
});

describe('a trend', () => {
  it.each([
    ['invocations', 'invocations', 'total_invocations', 0],
    ['success_rate', 'invocations', 'success_rate', null],
    ['latency', 'invocations', 'avg_duration_ms', null],
    ['builds', 'builds', 'total_builds', 0],
  ])('of %s is that column of %s, day by day', async (metric, table, column, ofIdleDay) => {
    const { data } = await http.get(`/api/v1/statistics/trends?metric=${metric}`);
    const expected = (await rows(table)).map((row) => ({ date: row.date, value: row[column] }));
    expect(data).toEqual({ metric, data_points: expected });
    expect(expected[0]?.value).toBe(ofIdleDay);
  });

  it('of tokens adds what was read and written', async () => {
    const { data } = await http.get<{ data_points: unknown[] }>('/api/v1/statistics/trends?metric=tokens');
    const expected = (await rows('invocations')).map((row) => ({
      date: row.date,
      value: Number(row['input_tokens']) + Number(row['output_tokens']),
    }));
    expect(data.data_points).toEqual(expected);
  });
});

describe('another organisation', () => {
  it('sees nothing of it', async () => {
    const rival = app.http.as('rival');
    expect((await rival.get('/api/v1/statistics/overview')).data).toEqual({
      total_agents: 0,
      running_agents: 0,
      building_agents: 0,
      offline_agents: 0,
      total_builds: 0,
      successful_builds: 0,
      failed_builds: 0,
      success_rate: null,
      avg_build_time_minutes: null,
      today_calls: 0,
      today_success_rate: null,
      today_tokens: 0,
    });
    expect(busyDays(await rows('invocations', rival))).toEqual([]);
    const foreign = `/api/v1/statistics/invocations?agent_id=${encodeURIComponent(first().agent_id)}`;
    const refused = await rival.get(foreign);
    expect([refused.status, refused.error.code]).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect((await rows('builds', rival)).filter((row) => row['total_builds'] !== 0)).toEqual([]);
  });
});

describe('statistics of the past', () => {
  it('stay when what they counted is deleted', async () => {
    const own = app.http.as('leaver');
    const agent = await builtAgent(own);
    await own.post(`${agent.path}/invoke`, { input_text: 'What is 1 + 1?' });
    await own.post(`${agent.path}/invoke`, { input_text: 'fail model' });
    const before = [await rows('invocations', own), await rows('builds', own)];
    expect((await own.delete(`/api/v1/projects/${agent.project_id}`)).data).toMatchObject({
      deleted: { agents: 1, invocations: 2 },
    });
    expect([await rows('invocations', own), await rows('builds', own)]).toEqual(before);
    expect((await own.get('/api/v1/statistics/overview')).data).toMatchObject({
      total_agents: 0,
      total_builds: 1,
      successful_builds: 1,
      today_calls: 2,
    });
  });
});
