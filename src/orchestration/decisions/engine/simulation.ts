import { type Percentiles, percentilesOf } from './quantiles.js';
import { fillNormal, type Seed } from './random.js';
import { DAYS_OF_A_MONTH, type Estimates } from './returns.js';
import { round } from './rounding.js';
import type { Spread } from './spread.js';

export const DRAWS = 5_000;

export interface Simulation {
  draws: number;
  /** P(ROI > 0): what a decision predicts about its success. */
  probability_roi_positive: number;
  roi_percent: Percentiles | null;
  payback_months: Percentiles | null;
  /** P(cost ≤ budget); null without a budget. */
  probability_within_budget: number | null;
  /** Why a figure is null. */
  reason: string | null;
}

// Each call fills and reads them without giving way to another, so one set serves all.
const normals = new Float64Array(DRAWS * 3);
const gains = new Float64Array(DRAWS);
const paybacks = new Float64Array(DRAWS);

/**
 * What may come of the estimates when cost, revenue and days are lognormal around them (the estimates are the medians).
 * Works on logarithms, where a draw is two additions: `ROI = 100 (e^gain − 1)` with `gain = ln revenue − ln cost`, and
 * `payback = months / e^gain`; both grow or fall with their logarithm, so percentiles may be taken before the exponential.
 */
export function simulate(estimates: Estimates, spread: Spread, budget: number | null, seed: Seed): Simulation {
  const { cost, revenue } = estimates;
  if (cost === 0 || revenue === 0) return withoutSpread(cost, revenue, budget);
  const { wins, affordable } = draw(estimates, spread, budget, seed);
  return {
    draws: DRAWS,
    probability_roi_positive: wins / DRAWS,
    roi_percent: mapped(percentilesOf(gains), (gain) => round(Math.expm1(gain) * 100, 2)),
    payback_months: mapped(percentilesOf(paybacks), (payback) => round(Math.exp(payback), 4)),
    probability_within_budget: budget === null ? null : affordable / DRAWS,
    reason: null,
  };
}

function draw(
  { cost, revenue, days }: Estimates,
  spread: Spread,
  budget: number | null,
  seed: Seed,
): { wins: number; affordable: number } {
  fillNormal(normals, seed);
  const expectedGain = Math.log(revenue) - Math.log(cost);
  const expectedMonths = Math.log(days / DAYS_OF_A_MONTH);
  // The largest draw of the cost that the budget still pays.
  const affordableDraw = budget === null ? 0 : (Math.log(budget) - Math.log(cost)) / spread.cost;
  let wins = 0;
  let affordable = 0;
  for (let index = 0; index < DRAWS; index += 1) {
    const costDraw = normals[index] ?? 0;
    const gain = expectedGain + spread.revenue * (normals[DRAWS + index] ?? 0) - spread.cost * costDraw;
    const months = Math.max(0, expectedMonths + spread.days * (normals[2 * DRAWS + index] ?? 0));
    gains[index] = gain;
    paybacks[index] = months - gain;
    if (gain > 0) wins += 1;
    if (costDraw <= affordableDraw) affordable += 1;
  }
  return { wins, affordable };
}

/** Nothing spreads around 0: what is certain needs no draws. */
function withoutSpread(cost: number, revenue: number, budget: number | null): Simulation {
  const never = cost > 0 || revenue === 0;
  const certain = (value: number): Percentiles => ({ p10: value, p50: value, p90: value });
  return {
    draws: 0,
    probability_roi_positive: never ? 0 : 1,
    roi_percent: cost === 0 && revenue > 0 ? null : certain(cost === 0 ? 0 : -100),
    payback_months: cost === 0 ? certain(0) : null,
    probability_within_budget: budget === null ? null : Number(cost <= budget),
    reason: cost === 0 ? 'nothing is spent' : 'nothing is earned',
  };
}

function mapped({ p10, p50, p90 }: Percentiles, map: (value: number) => number): Percentiles {
  return { p10: map(p10), p50: map(p50), p90: map(p90) };
}
