import { ValidationError } from '../../shared/domain-error.js';
import { bucketsOf, percentile } from '../../statistics/latency-histogram.js';
import {
  type Bucket,
  pointsOfLatency,
  pointsOfPercentage,
  pointsOfTarget,
  type Direction,
  isMeasured,
  type Partnership,
  type Point,
  type PushedMetrics,
  type Health,
  healthOf,
  meanOf,
  scoreOf,
  type SystemStatus,
  systemStatusOf,
  type Watch,
} from './partnership.js';
import type { Window } from '../../statistics/window.js';
import type { KnownOrganization, KnownPartnership } from './partnerships.repository.js';

/** One partnership, or all of one type, with their measurements. */
export interface Measured {
  partnerships: Partnership[];
  buckets: Bucket[];
  pushed: PushedMetrics[];
}

export interface Metrics {
  /** Percentages 0-100, response times in milliseconds. */
  values: Record<string, number | null>;
  /** Why a value is null. */
  reasons: Record<string, string>;
  /** Trends of the pushed metrics. */
  trends: Record<string, Trend | null>;
  /** The points that the score is the mean of. */
  points: number[];
}

const CALL_METRICS = ['uptime', 'success_rate', 'response_time_p50', 'response_time_p95'] as const;

/** Computes every metric of a window. An unknown value is null and has an entry in `reasons`. */
export function metricsOf(measured: Measured): Metrics {
  const metrics = ofCalls(measured);
  const business = ofPushed(measured);
  return {
    values: { ...metrics.values, ...business.values },
    reasons: { ...metrics.reasons, ...business.reasons },
    trends: business.trends,
    points: [...metrics.points, ...business.points],
  };
}

function ofCalls({ partnerships, buckets }: Measured): Metrics {
  if (!partnerships.some(isMeasured)) return unknown(reasonOf(partnerships), null);
  const sum = added(buckets);
  const total = sum['total'] ?? 0;
  if (total === 0) return unknown('nothing was measured in this window', 0);
  const successful = sum['successful'] ?? 0;
  const faults = sum['faults'] ?? 0;
  const uptime = rounded((100 * (total - faults)) / total);
  const success_rate = successful + faults === 0 ? null : rounded((100 * successful) / (successful + faults));
  const mean_ms = (sum['duration_us'] ?? 0) / 1000 / successful;
  const latency = (quantile: number): number | null => {
    const value = percentile(bucketsOf(sum), quantile, mean_ms);
    return value === null ? null : rounded(value);
  };
  const [p50, p95] = [latency(0.5), latency(0.95)];
  return {
    values: { uptime, success_rate, response_time_p50: p50, response_time_p95: p95, requests: total },
    reasons: {
      ...(success_rate === null ? { success_rate: 'no call in this window completed' } : {}),
      ...(p95 === null
        ? {
            response_time_p50: 'no call in this window received a response',
            response_time_p95: 'no call in this window received a response',
          }
        : {}),
    },
    trends: {},
    points: [
      pointsOfPercentage(uptime),
      ...(success_rate === null ? [] : [pointsOfPercentage(success_rate)]),
      ...(p95 === null ? [] : [pointsOfLatency(p95)]),
    ],
  };
}

function ofPushed({ partnerships, pushed }: Measured): Metrics {
  const metrics: Metrics = { values: {}, reasons: {}, trends: {}, points: [] };
  const goals = partnerships.flatMap(({ success_metrics }) => success_metrics);
  const names = new Set([...goals.map(({ name }) => name), ...pushed.flatMap((all) => Object.keys(all))]);
  for (const name of names) {
    if ((CALL_METRICS as readonly string[]).includes(name) || name === 'requests') continue;
    const goal = goals.find((candidate) => candidate.name === name);
    const direction: Direction = goal?.direction ?? 'higher';
    const points = pushed
      .flatMap((all) => pointsOf(all, name))
      .sort((a, b) => (a.measured_at < b.measured_at ? -1 : 1));
    const latest = points.at(-1);
    metrics.values[name] = latest?.value ?? null;
    if (!latest) metrics.reasons[name] = 'no measurement was pushed';
    else metrics.trends[name] = trendOf(points, direction);
    if (latest && goal) metrics.points.push(pointsOfTarget(latest.value, goal.target, direction));
  }
  return metrics;
}

function unknown(reason: string, requests: number | null): Metrics {
  const values = Object.fromEntries(CALL_METRICS.map((name) => [name, null]));
  const reasons = Object.fromEntries(CALL_METRICS.map((name) => [name, reason]));
  return {
    values: { ...values, requests },
    reasons: requests === null ? { ...reasons, requests: reason } : reasons,
    trends: {},
    points: [],
  };
}

function reasonOf(partnerships: Partnership[]): string {
  return partnerships.some(({ enabled }) => enabled)
    ? 'no probe is set: link agents or a health_url'
    : 'the partnership is disabled';
}

function added(buckets: Bucket[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const bucket of buckets)
    for (const [attribute, value] of Object.entries(bucket))
      if (typeof value === 'number') sum[attribute] = (sum[attribute] ?? 0) + value;
  return sum;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

export type Trend = 'improving' | 'declining' | 'stable';

export const METRICS_LIMIT = 50;
const POINTS_LIMIT = 20;
/** Smaller relative changes count as stable. */
const STABLE_SHARE = 0.01;
/** Names of the platform's own metrics and fields. */
const RESERVED = [
  'uptime',
  'success_rate',
  'requests',
  'response_time_p50',
  'response_time_p95',
  'health',
  'score',
  'reachable',
  'reason',
];

/** @throws ValidationError for a reserved name, or when the limit of metrics is exceeded */
export function withPoint(pushed: PushedMetrics, metric: string, point: Point): PushedMetrics {
  if (RESERVED.includes(metric))
    throw ValidationError.field('metric', `must not be one that the platform measures: ${RESERVED.join(', ')}`);
  if (!Object.hasOwn(pushed, metric) && Object.keys(pushed).length >= METRICS_LIMIT)
    throw ValidationError.field('metric', `would exceed the limit of ${METRICS_LIMIT} per partnership`);
  const others = pointsOf(pushed, metric).filter(({ measured_at }) => measured_at !== point.measured_at);
  const points = [...others, point].sort((a, b) => (a.measured_at < b.measured_at ? -1 : 1));
  return { ...pushed, [metric]: points.slice(-POINTS_LIMIT) };
}

export const pointsOf = (pushed: PushedMetrics, metric: string): Point[] =>
  Object.hasOwn(pushed, metric) ? (pushed[metric] ?? []) : [];

/** The trend from the previous value to the latest; null if there is only one. */
export function trendOf(points: Point[], direction: Direction): Trend | null {
  const [before, latest] = points.slice(-2);
  if (!before || !latest) return null;
  const change = latest.value - before.value;
  if (Math.abs(change) <= Math.abs(before.value) * STABLE_SHARE) return 'stable';
  return change > 0 === (direction === 'higher') ? 'improving' : 'declining';
}

/** Intervals without a probe after which the last result is stale. */
const STALE_INTERVALS = 3;
const PATIENCE_MS = 10_000;

/** Buckets by the name of their agent or probed address. */
export type Sources = Map<string, Bucket[]>;

export interface Reading {
  partnership: Partnership;
  watch: Watch | undefined;
  metrics: Metrics;
  score: number | null;
  health: Health;
  /** Whether the health address answers now; null if it is not polled or the last result is stale. */
  reachable: boolean | null;
  /** Why the health is unknown. */
  reason: string | undefined;
}

/** All partnerships of an organization, measured over one window. */
export interface Snapshot {
  taken_at: string;
  window: Window;
  status: SystemStatus;
  score: number | null;
  noted_status: string | undefined;
  readings: Reading[];
  types: { partnership_type: string; ids: string[]; metrics: Metrics }[];
}

export const agentSource = (agent_id: string): string => `agent ${agent_id}`;
export const urlSource = (id: string): string => `url ${id}`;

export function snapshotOf(
  { known, status: noted_status }: KnownOrganization,
  sources: Sources,
  window: Window,
  now: Date,
): Snapshot {
  const readings = known.map((one) => readingOf(one, sources, now));
  const scores = readings.map(({ score }) => score);
  const mean = meanOf(scores.filter((score) => score !== null));
  return {
    taken_at: now.toISOString(),
    window,
    status: systemStatusOf(
      scores,
      readings.some(({ reachable }) => reachable === false),
    ),
    score: mean === null ? null : Math.round(mean * 10) / 10,
    noted_status,
    readings,
    types: typesOf(known, sources),
  };
}

function readingOf(known: KnownPartnership, sources: Sources, now: Date): Reading {
  const { partnership, watch, pushed } = known;
  const metrics = metricsOf({
    partnerships: [partnership],
    buckets: latencyBuckets([partnership], sources),
    pushed: [pushed],
  });
  const score = partnership.enabled ? scoreOf(metrics.points) : null;
  const reachable = reachableOf(partnership, watch, now);
  const reason = partnership.enabled ? metrics.reasons['uptime'] : 'the partnership is disabled';
  return {
    partnership,
    watch,
    metrics,
    score,
    health: healthOf(score, reachable === false),
    reachable,
    reason: score === null ? (reason ?? 'no metric has a value that counts') : undefined,
  };
}

function reachableOf({ enabled, probe }: Partnership, watch: Watch | undefined, now: Date): boolean | null {
  if (!enabled || probe.health_url === null || watch?.up === undefined || !watch.probed_at) return null;
  const patience = STALE_INTERVALS * probe.interval_seconds * 1000 + probe.timeout_ms + PATIENCE_MS;
  return now.getTime() - Date.parse(watch.probed_at) <= patience ? watch.up : null;
}

/** Measures the partnerships of each type together; an agent that several of them link counts once. */
function typesOf(known: KnownPartnership[], sources: Sources): Snapshot['types'] {
  const types = [...new Set(known.map(({ partnership }) => partnership.partnership_type))];
  return types.map((partnership_type) => {
    const members = known.filter(({ partnership }) => partnership.partnership_type === partnership_type);
    const enabled = members.filter(({ partnership }) => partnership.enabled);
    const counted = enabled.length > 0 ? enabled : members;
    const partnerships = counted.map(({ partnership }) => partnership);
    return {
      partnership_type,
      ids: members.map(({ partnership }) => partnership.id),
      metrics: metricsOf({
        partnerships,
        buckets: latencyBuckets(partnerships, sources),
        pushed: counted.map(({ pushed }) => pushed),
      }),
    };
  });
}

function latencyBuckets(partnerships: Partnership[], sources: Sources): Bucket[] {
  const measured = partnerships.filter(({ enabled }) => enabled);
  const names = measured.flatMap(({ id, probe }) => [...probe.agent_ids.map(agentSource), urlSource(id)]);
  return [...new Set(names)].flatMap((name) => sources.get(name) ?? []);
}
