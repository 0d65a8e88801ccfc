import { ValidationError } from '../../shared/domain-error.js';
import type { Direction, Point, PushedMetrics } from './partnership.js';

export type Trend = 'improving' | 'declining' | 'stable';

export const METRICS_LIMIT = 50;
const POINTS_LIMIT = 20;
/** A change of less than a hundredth is none. */
const STABLE_SHARE = 0.01;
/** Names that the platform measures or answers under itself. */
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

/** @throws ValidationError for a name that the platform measures itself, or one metric too many. */
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

/** From the value before to the latest; null while there is only one. */
export function trendOf(points: Point[], direction: Direction): Trend | null {
  const [before, latest] = points.slice(-2);
  if (!before || !latest) return null;
  const change = latest.value - before.value;
  if (Math.abs(change) <= Math.abs(before.value) * STABLE_SHARE) return 'stable';
  return change > 0 === (direction === 'higher') ? 'improving' : 'declining';
}
