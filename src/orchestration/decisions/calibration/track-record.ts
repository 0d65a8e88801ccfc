import { round } from '../engine/rounding.js';
import { BINS, type Counters, type Measure } from './counters.js';

/** How far off the predictions of one quantity were, on average. */
export interface Bias {
  /** Mean of (actual − predicted) / predicted, in percent: above 0 more than predicted. Null without an outcome. */
  mean_error_percent: number | null;
  outcomes: number;
}

/** Decisions whose predicted probability lay in one tenth. */
export interface ReliabilityBin {
  from: number;
  to: number;
  outcomes: number;
  predicted: number;
  observed: number;
}

/** How well the predictions of an organisation's decisions came true. */
export interface TrackRecord {
  outcomes: number;
  successes: number;
  /** Outcomes of decisions that had predicted a probability: those that the score is made of. */
  scored: number;
  /** Mean of (predicted probability − outcome)²: 0 is perfect, 0.25 is what always saying one half gets. */
  brier_score: number | null;
  /** The Brier score of somebody who had always predicted the share of successes. Below it the predictions tell something. */
  brier_score_of_base_rate: number | null;
  bias: { cost: Bias; revenue: Bias; time: Bias };
  reliability: ReliabilityBin[];
  /** Why the score is null. */
  reason: string | null;
}

/** Computed from the counters alone. */
export function trackRecord(counters: Counters): TrackRecord {
  const count = (name: string): number => counters[name] ?? 0;
  const scored = count('scored');
  const rate = count('scored_successes') / scored;
  return {
    outcomes: count('outcomes'),
    successes: count('successes'),
    scored,
    brier_score: scored === 0 ? null : round(count('brier_sum') / scored, 6),
    brier_score_of_base_rate: scored === 0 ? null : round(rate * (1 - rate), 6),
    bias: { cost: biasOf('cost', counters), revenue: biasOf('revenue', counters), time: biasOf('days', counters) },
    reliability: reliabilityOf(count),
    reason: reasonOf(count('outcomes'), scored),
  };
}

function biasOf(measure: Measure, counters: Counters): Bias {
  const outcomes = counters[`${measure}_count`] ?? 0;
  const sum = counters[`${measure}_error_sum`] ?? 0;
  return { mean_error_percent: outcomes === 0 ? null : round((sum / outcomes) * 100, 2), outcomes };
}

function reliabilityOf(count: (name: string) => number): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => ({ bin, outcomes: count(`bin_${bin}_count`) }))
    .filter(({ outcomes }) => outcomes > 0)
    .map(({ bin, outcomes }) => ({
      from: bin / BINS,
      to: (bin + 1) / BINS,
      outcomes,
      predicted: round(count(`bin_${bin}_probability_sum`) / outcomes, 4),
      observed: round(count(`bin_${bin}_successes`) / outcomes, 4),
    }));
}

function reasonOf(outcomes: number, scored: number): string | null {
  if (outcomes === 0) return 'no outcome has been recorded yet';
  return scored === 0 ? 'no decision with an outcome had predicted a probability' : null;
}
