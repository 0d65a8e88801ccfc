import { type Estimates, paybackOf, roiOf } from './returns.js';
import { round } from './rounding.js';
import type { Spread } from './spread.js';
import type { Verdict } from './verdict.js';

/** The 90th percentile of the standard normal distribution. */
const Z90 = 1.2815515655446004;

/** What becomes of the result when one input alone goes from its P10 to its P90. */
export interface Swing {
  input: 'estimated_cost' | 'expected_revenue' | 'estimated_days';
  low: number;
  high: number;
  roi_percent_at_low: number;
  roi_percent_at_high: number;
  payback_months_at_low: number;
  payback_months_at_high: number;
  decision_at_low: Verdict;
  decision_at_high: Verdict;
}

export interface Sensitivity {
  moves_roi_most: Swing['input'] | null;
  moves_payback_most: Swing['input'] | null;
  inputs: Swing[];
  reason: string | null;
}

const INPUTS = [
  ['cost', 'estimated_cost'],
  ['revenue', 'expected_revenue'],
  ['days', 'estimated_days'],
] as const;

/** One at a time, the others held at their estimates. @param verdict of a ROI in percent */
export function sensitivityOf(estimates: Estimates, spread: Spread, verdict: (roi: number) => Verdict): Sensitivity {
  if (estimates.cost === 0 || estimates.revenue === 0)
    return {
      moves_roi_most: null,
      moves_payback_most: null,
      inputs: [],
      reason: estimates.cost === 0 ? 'nothing is spent' : 'nothing is earned',
    };
  const inputs = INPUTS.map(([key, input]): Swing => {
    const low = { ...estimates, [key]: estimates[key] * Math.exp(-Z90 * spread[key]) };
    const high = { ...estimates, [key]: estimates[key] * Math.exp(Z90 * spread[key]) };
    return {
      input,
      low: round(low[key], 2),
      high: round(high[key], 2),
      roi_percent_at_low: round(roiOf(low), 2),
      roi_percent_at_high: round(roiOf(high), 2),
      payback_months_at_low: paybackOf(low),
      payback_months_at_high: paybackOf(high),
      decision_at_low: verdict(roiOf(low)),
      decision_at_high: verdict(roiOf(high)),
    };
  });
  return {
    moves_roi_most: widest(inputs, (one) => one.roi_percent_at_high - one.roi_percent_at_low),
    moves_payback_most: widest(inputs, (one) => one.payback_months_at_high - one.payback_months_at_low),
    inputs,
    reason: null,
  };
}

/** Of two equal ones the first; none when nothing moves. */
function widest(inputs: readonly Swing[], width: (swing: Swing) => number): Swing['input'] | null {
  const [first] = [...inputs].sort((a, b) => Math.abs(width(b)) - Math.abs(width(a)));
  return first && width(first) !== 0 ? first.input : null;
}
