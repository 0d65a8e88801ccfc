import type { Assessment, RankedOption } from './analysis.js';
import { VERDICTS } from './verdict.js';

type Option = Omit<RankedOption, 'rank'>;

/**
 * Best first: the better verdict, then the better bad case (P10 of ROI; spending nothing beats any percentage), then the
 * lower risk, then the lower cost, then the order in which they were given.
 */
export function rank(options: readonly Option[]): RankedOption[] {
  return options
    .map((option, given) => ({ option, keys: [...keysOf(option.assessment), given] }))
    .sort((a, b) => compare(a.keys, b.keys))
    .map(({ option }, index) => ({ rank: index + 1, ...option }));
}

/** Smaller is better. */
function keysOf({ decision, simulation, risk, inputs }: Assessment): number[] {
  const badCase = simulation ? (simulation.roi_percent?.p10 ?? Infinity) : -Infinity;
  return [VERDICTS.indexOf(decision), -badCase, risk.overall, inputs.estimated_cost ?? Infinity];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, place) => value !== b[place]);
  return index === -1 ? 0 : (a[index] ?? 0) < (b[index] ?? 0) ? -1 : 1;
}
