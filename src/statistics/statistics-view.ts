import type { BuildDayDto, InvocationDayDto, OverviewDto, TrendMetric } from './dto/statistics.dto.js';
import { NANOS_PER_USD, STAGE_PREFIX } from './contribution.js';
import {
  amount,
  type CounterRow,
  LONGEST,
  buildsOf,
  type CounterKey,
  dayPeriod,
  GAUGE_SHARDS,
  gaugesOf,
  invocationsOf,
  shardPeriod,
  TOTAL,
  type GaugeName,
} from './counter-row.js';
import { bucketsOf, percentile } from './latency-histogram.js';

const MS_PER_MINUTE = 60_000;
const US_PER_MS = 1000;

/** What an agent shows of its invocations so far; durations in milliseconds, null before the first one. */
export interface RuntimeStats {
  total_invocations: number;
  successful_invocations: number;
  failed_invocations: number;
  avg_duration_ms: number | null;
  p95_duration_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  last_invoked_at: string | null;
}

/** What one version of an agent did in a rollout. */
export interface RolloutStats extends Omit<RuntimeStats, 'last_invoked_at'> {
  /** Failures that are no cancellation and no limit of the agent itself. */
  faults: number;
  /** Per cent; null before the first run has ended. */
  success_rate: number | null;
  /** US dollars of the runs whose price is known. */
  cost_usd: number;
  /** Runs on a model whose price is not known. */
  unpriced_invocations: number;
}

export type InvocationDay = InvocationDayDto;

export type BuildDay = BuildDayDto;

type MaybeRow = CounterRow | undefined;

export function runtimeStatsOf(row: MaybeRow): RuntimeStats {
  const last = row?.['last_invoked_at'];
  return {
    ...invocationCounts(row),
    avg_duration_ms: averageDurationMs(row),
    p95_duration_ms: durationPercentile(row, 0.95),
    ...tokens(row),
    last_invoked_at: typeof last === 'string' ? last : null,
  };
}

export function rolloutStatsOf(row: MaybeRow): RolloutStats {
  const { last_invoked_at: _last, ...stats } = runtimeStatsOf(row);
  return {
    ...stats,
    faults: amount(row, 'faults'),
    success_rate: successRate(row),
    cost_usd: amount(row, 'cost_nanos') / NANOS_PER_USD,
    unpriced_invocations: amount(row, 'unpriced'),
  };
}

export function invocationDay(date: string, row: MaybeRow): InvocationDay {
  return {
    date,
    ...invocationCounts(row),
    success_rate: successRate(row),
    avg_duration_ms: averageDurationMs(row),
    p50_duration_ms: durationPercentile(row, 0.5),
    p95_duration_ms: durationPercentile(row, 0.95),
    p99_duration_ms: durationPercentile(row, 0.99),
    ...tokens(row),
  };
}

/** The average covers all builds that ended that day, including failed ones. */
export function buildDay(date: string, row: MaybeRow): BuildDay {
  const stages = Object.entries(row ?? {}).filter(([attribute]) => attribute.startsWith(STAGE_PREFIX));
  return {
    date,
    total_builds: amount(row, 'total'),
    successful_builds: amount(row, 'successful'),
    failed_builds: amount(row, 'failed'),
    avg_duration_minutes: ratio(amount(row, 'duration_ms') / MS_PER_MINUTE, amount(row, 'total')),
    builds_by_stage: Object.fromEntries(
      stages.map(([attribute, count]) => [attribute.slice(STAGE_PREFIX.length), Number(count)]),
    ),
  };
}

/** Per cent of what has ended; null before anything has. */
export function successRate(row: MaybeRow): number | null {
  return ratio(amount(row, 'successful') * 100, amount(row, 'total'));
}

/** Minutes that a successful build takes on average; null before the first one. */
export function averageSuccessMinutes(row: MaybeRow): number | null {
  const builds = amount(row, 'successful');
  // Four decimals: an offline build takes a fraction of a second.
  return builds === 0 ? null : Math.round((amount(row, 'successful_duration_ms') / MS_PER_MINUTE / builds) * 1e4) / 1e4;
}

function invocationCounts(row: MaybeRow) {
  return {
    total_invocations: amount(row, 'total'),
    successful_invocations: amount(row, 'successful'),
    failed_invocations: amount(row, 'failed'),
  };
}

function tokens(row: MaybeRow) {
  return { input_tokens: amount(row, 'input_tokens'), output_tokens: amount(row, 'output_tokens') };
}

function averageDurationMs(row: MaybeRow): number | null {
  return ratio(amount(row, 'duration_us') / US_PER_MS, amount(row, 'total'));
}

function durationPercentile(row: MaybeRow, quantile: number): number | null {
  const mean = amount(row, 'duration_us') / US_PER_MS / amount(row, 'total');
  const longest = row?.[LONGEST];
  const value = percentile(
    bucketsOf(row),
    quantile,
    mean,
    typeof longest === 'number' ? longest / US_PER_MS : undefined,
  );
  return value === null ? null : rounded(value);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : rounded(part / whole);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** `success_rate` and `latency` (average, in milliseconds) are those of invocations; `tokens` are read and written ones. */
export function trendValue(metric: TrendMetric, date: string, row: CounterRow | undefined): number | null {
  switch (metric) {
    case 'builds':
      return buildDay(date, row).total_builds;
    case 'invocations':
      return amount(row, 'total');
    case 'success_rate':
      return invocationDay(date, row).success_rate;
    case 'latency':
      return invocationDay(date, row).avg_duration_ms;
    case 'tokens':
      return amount(row, 'input_tokens') + amount(row, 'output_tokens');
  }
}

export type Overview = OverviewDto;

/** The few rows that an overview is made of. */
export function overviewKeysOf(
  org_id: string,
  today: string,
): { builds: CounterKey; today: CounterKey; gauges: CounterKey[] } {
  return {
    builds: { subject: buildsOf(org_id), period: TOTAL },
    today: { subject: invocationsOf(org_id), period: dayPeriod(today) },
    gauges: Array.from({ length: GAUGE_SHARDS }, (_, shard) => ({
      subject: gaugesOf(org_id),
      period: shardPeriod(shard),
    })),
  };
}

/** Agents in error belong to the total only. A build still running belongs to `total_builds` and to neither outcome. */
export function overviewOf(builds: MaybeRow, today: MaybeRow, gauges: MaybeRow[]): Overview {
  const gauge = (name: GaugeName): number => gauges.reduce((sum, row) => sum + amount(row, name), 0);
  const [running_agents, building_agents, offline_agents] = [
    gauge('agents_running'),
    gauge('agents_building'),
    gauge('agents_offline'),
  ];
  return {
    total_agents: running_agents + building_agents + offline_agents + gauge('agents_error'),
    running_agents,
    building_agents,
    offline_agents,
    total_builds: gauge('builds_started'),
    successful_builds: amount(builds, 'successful'),
    failed_builds: amount(builds, 'failed'),
    success_rate: successRate(builds),
    avg_build_time_minutes: averageSuccessMinutes(builds),
    today_calls: amount(today, 'total'),
    today_success_rate: successRate(today),
    today_tokens: amount(today, 'input_tokens') + amount(today, 'output_tokens'),
  };
}
