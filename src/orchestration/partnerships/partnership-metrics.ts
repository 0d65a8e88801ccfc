import { ValidationError } from '../../shared/domain-error.js';
import { bucketsOf, percentile } from '../../statistics/latency-histogram.js';
import {
  pointsOfLatency,
  pointsOfPercentage,
  pointsOfTarget,
  type Direction,
  isMeasured,
  type Partnership,
  type Point,
  type PushedMetrics,
} from './partnership.js';

/** One bucket of a sliding window: numbers under `total`, `successful`, `faults`, `duration_us` and of the latency histogram. */
export type Bucket = Record<string, string | number>;

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
      ...(success_rate === null ? { success_rate: 'no call of this window was carried through' } : {}),
      ...(p95 === null
        ? {
            response_time_p50: 'nothing was answered in this window',
            response_time_p95: 'nothing was answered in this window',
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
    throw ValidationError.field(
      'metric',
      `must not be one of those that the platform measures: ${RESERVED.join(', ')}`,
    );
  if (!Object.hasOwn(pushed, metric) && Object.keys(pushed).length >= METRICS_LIMIT)
    throw ValidationError.field('metric', `is one too many: a partnership has at most ${METRICS_LIMIT}`);
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
