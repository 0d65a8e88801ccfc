import { DRAWS } from '../engine/simulation.js';
import { RULES } from '../engine/verdict.js';

/** "The 10th percentile", "80 % of the cases", "one of 1". */
export const PERCENTILE_NUMBERS = [0, 1, 10, 50, 80, 90, 100];

/** The thresholds that a text may explain itself with. */
export function ruleNumbers(): number[] {
  return [DRAWS, ...RULES.flatMap(({ roi_above, risk_below }) => [roi_above, risk_below])];
}
