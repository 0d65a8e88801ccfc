import { exact, round } from '../engine/rounding.js';
import type { Outcome, Predictions } from './outcome.js';

/** A result of ten times the estimate and more counts as that: one outlier must not drown all others. */
const HIGHEST_ERROR = 9;
export const BINS = 10;

/** Sums over all outcomes of an organisation. Each outcome adds to them once, with its own record, or not at all. */
export type Counters = Record<string, number>;

export const MEASURES = ['cost', 'revenue', 'days'] as const;
export type Measure = (typeof MEASURES)[number];

/** What one outcome adds to the counters. */
export function countersOf(predicted: Predictions, outcome: Outcome): Counters {
  return {
    outcomes: 1,
    successes: Number(outcome.success),
    ...scoreCounters(predicted.probability_of_success, outcome.success),
    ...errorCounters('cost', predicted.cost, outcome.actual_cost),
    ...errorCounters('revenue', predicted.revenue, outcome.actual_revenue),
    ...errorCounters('days', predicted.days, outcome.actual_days),
  };
}

/** `(actual − predicted) / predicted`: 0.2 is a fifth more than predicted. Undefined of a prediction of 0. */
export function relativeError(predicted: number | null, actual: number | null): number | null {
  if (predicted === null || actual === null || predicted === 0) return null;
  return exact(Math.min(HIGHEST_ERROR, (actual - predicted) / predicted));
}

/** The bin of a probability: 0 is [0, 0.1), 9 is [0.9, 1]. */
export function binOf(probability: number): number {
  return Math.min(BINS - 1, Math.floor(probability * BINS));
}

function scoreCounters(probability: number | null, success: boolean): Counters {
  if (probability === null) return {};
  const bin = binOf(probability);
  return {
    scored: 1,
    scored_successes: Number(success),
    probability_sum: probability,
    brier_sum: round((probability - Number(success)) ** 2, 8),
    [`bin_${bin}_count`]: 1,
    [`bin_${bin}_probability_sum`]: probability,
    [`bin_${bin}_successes`]: Number(success),
  };
}

function errorCounters(measure: Measure, predicted: number | null, actual: number | null): Counters {
  const error = relativeError(predicted, actual);
  return error === null ? {} : { [`${measure}_count`]: 1, [`${measure}_error_sum`]: error };
}
