import type { Risk } from './risk.js';

/** Standard deviations of the logarithms of cost, revenue and days. */
export interface Spread {
  cost: number;
  revenue: number;
  days: number;
}

/**
 * Without any risk 80 % of the results lie within −6 % and +7 % of an estimate, at full risk within −51 % and +102 %: the
 * accuracy that AACE International's Recommended Practice 18R-97 gives its best (class 1) and worst (class 5) estimates.
 */
const LEAST = 0.05;
const FURTHER_AT_FULL_RISK = 0.5;

/** Which risk drives which spread; a weak partner widens all three. */
export function spreadOf({ technical, market, resource, timeline, partnership }: Risk): Spread {
  const spread = (risk: number): number => (LEAST + FURTHER_AT_FULL_RISK * risk) * (1 + partnership);
  return {
    cost: spread((technical + resource) / 2),
    revenue: spread(market),
    days: spread((timeline + technical) / 2),
  };
}
