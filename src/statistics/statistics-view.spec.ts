import { contributionOf } from './contribution.js';
import { CounterSheet, type CounterRow } from './counter-row.js';
import type { BuildFact, Fact, InvocationFact } from './fact.js';
import { overviewOf, buildDay, invocationDay, runtimeStatsOf, trendValue } from './statistics-view.js';
import { TREND_METRICS } from './dto/statistics.dto.js';

const at = '2026-11-20T10:00:00.000Z';

function rowOf(facts: Fact[]): CounterRow | undefined {
  const change = new CounterSheet(facts.flatMap(contributionOf)).changes().findLast(({ period }) => period === 'TOTAL');
  if (!change) return undefined;
  const { subject, period, amounts, last_invoked_at } = change;
  return { subject, period, ...amounts, ...(last_invoked_at ? { last_invoked_at } : {}) };
}

const invocation = (success: boolean, duration_ms: number): InvocationFact => ({
  kind: 'invocation',
  org_id: 'acme',
  agent_id: 'reader',
  occurred_at: at,
  success,
  fault: false,
  duration_ms,
  input_tokens: 30,
  output_tokens: 12,
});
const build = (outcome: BuildFact['outcome'], duration_seconds: number, stage: string): BuildFact => ({
  kind: 'build',
  org_id: 'acme',
  occurred_at: at,
  outcome,
  duration_seconds,
  stage,
});

const invocations = rowOf([invocation(true, 100), invocation(true, 100), invocation(false, 4000)]);
const builds = rowOf([
  build('successful', 120, 'agent_deployer'),
  build('successful', 240, 'agent_deployer'),
  build('failed', 30, 'agent_design'),
]);

describe('a day of invocations', () => {
  it('says counts, rate, averages, percentiles and tokens', () => {
    const { p50_duration_ms, p95_duration_ms, p99_duration_ms, ...exact } = invocationDay('2026-11-20', invocations);
    expect(exact).toEqual({
      date: '2026-11-20',
      total_invocations: 3,
      successful_invocations: 2,
      failed_invocations: 1,
      success_rate: 66.67,
      avg_duration_ms: 1400,
      input_tokens: 90,
      output_tokens: 36,
    });
    expect(Math.abs((p50_duration_ms ?? 0) - 100)).toBeLessThanOrEqual(5);
    expect(Math.abs((p95_duration_ms ?? 0) - 4000)).toBeLessThanOrEqual(200);
    expect(p99_duration_ms).toBe(p95_duration_ms);
  });

  it('without any has zero counts and no rates', () => {
    expect(invocationDay('2026-11-19', undefined)).toEqual({
      date: '2026-11-19',
      total_invocations: 0,
      successful_invocations: 0,
      failed_invocations: 0,
      success_rate: null,
      avg_duration_ms: null,
      p50_duration_ms: null,
      p95_duration_ms: null,
      p99_duration_ms: null,
      input_tokens: 0,
      output_tokens: 0,
    });
  });
});

describe('a day of builds', () => {
  it('says counts, the average over all of them and where they ended', () => {
    expect(buildDay('2026-11-20', builds)).toEqual({
      date: '2026-11-20',
      total_builds: 3,
      successful_builds: 2,
      failed_builds: 1,
      avg_duration_minutes: 2.17,
      builds_by_stage: { agent_deployer: 2, agent_design: 1 },
    });
  });

  it('without any has zero counts and no average', () => {
    expect(buildDay('2026-11-19', undefined)).toEqual({
      date: '2026-11-19',
      total_builds: 0,
      successful_builds: 0,
      failed_builds: 0,
      avg_duration_minutes: null,
      builds_by_stage: {},
    });
  });
});

describe('the overview', () => {
  it('counts a running build as neither successful nor failed, and agents in error in the total only', () => {
    const gauges: CounterRow[] = [
      { subject: 'g', period: 'SHARD#0', builds_started: 3, agents_running: 5, agents_offline: -1 },
      { subject: 'g', period: 'SHARD#1', builds_started: 1, agents_running: -1, agents_offline: 2, agents_error: 1 },
    ];
    expect(overviewOf(builds, invocations, [...gauges, undefined])).toEqual({
      total_agents: 6,
      running_agents: 4,
      building_agents: 0,
      offline_agents: 1,
      total_builds: 4,
      successful_builds: 2,
      failed_builds: 1,
      success_rate: 66.67,
      avg_build_time_minutes: 3,
      today_calls: 3,
      today_success_rate: 66.67,
      today_tokens: 126,
    });
  });

  it('of nothing has zero counts and no rates', () => {
    expect(overviewOf(undefined, undefined, [])).toMatchObject({
      total_agents: 0,
      total_builds: 0,
      success_rate: null,
      avg_build_time_minutes: null,
      today_calls: 0,
      today_success_rate: null,
    });
  });
});

describe('a trend', () => {
  it('has the value of its metric', () => {
    expect(trendValue('builds', '2026-11-20', builds)).toBe(3);
    const others = TREND_METRICS.slice(1).map((metric) => trendValue(metric, '2026-11-20', invocations));
    expect(others).toEqual([3, 66.67, 1400, 126]);
  });

  it('says 0 for counts and null for rates on a day without data', () => {
    expect(TREND_METRICS.map((metric) => trendValue(metric, '2026-11-19', undefined))).toEqual([0, 0, null, null, 0]);
  });
});

describe('what an agent shows of itself', () => {
  it('has its last use', () => {
    expect(runtimeStatsOf(invocations)).toMatchObject({
      total_invocations: 3,
      failed_invocations: 1,
      avg_duration_ms: 1400,
      last_invoked_at: at,
    });
  });

  it('before its first use is zeros and nulls', () => {
    expect(runtimeStatsOf(undefined)).toEqual({
      total_invocations: 0,
      successful_invocations: 0,
      failed_invocations: 0,
      avg_duration_ms: null,
      p95_duration_ms: null,
      input_tokens: 0,
      output_tokens: 0,
      last_invoked_at: null,
    });
  });
});
