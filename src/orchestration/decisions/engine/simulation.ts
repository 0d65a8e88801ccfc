import type { DecisionSimulationDto, PercentilesDto, SensitivityDto, SwingDto } from '../figures.dto.js';
import { createHash } from 'node:crypto';
import { DAYS_OF_A_MONTH, type Estimates, paybackOf, type Risk, roiOf, round, type Verdict } from './rules.js';

/** The state of a generator: four words of 32 bits, not all zero. */
export type Seed = Uint32Array;

/** Derives the generator's state from a text (the canonical context) and the caller's seed. */
export function seedOf(text: string, seed: number): Seed {
  const digest = createHash('sha256').update(`${seed}\n`).update(text).digest();
  const words = Uint32Array.from({ length: 4 }, (_, index) => digest.readUInt32LE(index * 4));
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

/**
 * Fills `target` (of even length) with draws of the standard normal distribution, determined by the seed.
 * Generator: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it, public domain). Transformation: Box and Muller
 * (1958), which needs no table and takes two uniform draws for two normal ones.
 */
export function fillNormal(target: Float64Array, seed: Seed): void {
  let [a = 1, b = 0, c = 0, d = 0] = seed;
  const uniform = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    // Offset by half a step: the logarithm of 0 does not exist.
    return (result + 0.5) / 2 ** 32;
  };
  for (let index = 0; index < target.length; index += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    target[index] = radius * Math.cos(angle);
    target[index + 1] = radius * Math.sin(angle);
  }
}

export type Percentiles = PercentilesDto;

/**
 * Reorders the values. Interpolates between two values (type 7 of Hyndman and Fan 1996, the usual one). Selects the few values
 * that are needed (Hoare 1961), which takes a fifth of the time of sorting all of them.
 */
export function percentilesOf(values: Float64Array): Percentiles {
  return { p10: quantile(values, 0.1), p50: quantile(values, 0.5), p90: quantile(values, 0.9) };
}

function quantile(values: Float64Array, share: number): number {
  const position = (values.length - 1) * share;
  const below = select(values, Math.floor(position));
  const above = select(values, Math.ceil(position));
  return below + (above - below) * (position - Math.floor(position));
}

/** The value at `rank` of the sorted order. Afterwards no value before it is larger, and none after it is smaller. */
function select(values: Float64Array, rank: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[rank] ?? NaN;
    let [left, right] = [low, high];
    while (left <= right) {
      while ((values[left] ?? NaN) < pivot) left++;
      while ((values[right] ?? NaN) > pivot) right--;
      if (left > right) break;
      [values[left], values[right]] = [values[right] ?? NaN, values[left] ?? NaN];
      left++;
      right--;
    }
    if (right < rank) low = left;
    if (left > rank) high = right;
  }
  return values[rank] ?? NaN;
}

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

export const DRAWS = 5_000;

export type Simulation = DecisionSimulationDto;

// Each call fills and reads these buffers synchronously, so that all calls can share them.
const normals = new Float64Array(DRAWS * 3);
const gains = new Float64Array(DRAWS);
const paybacks = new Float64Array(DRAWS);

/**
 * Simulates the estimates with cost, revenue and days lognormal around them (the estimates are the medians).
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
  // The largest cost draw within the budget.
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

/** A lognormal spread around 0 does not exist, so the result is certain. */
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

/** The 90th percentile of the standard normal distribution. */
const Z90 = 1.2815515655446004;

/** The wire has any name as `input`. */
export type Swing = SwingDto & { input: 'estimated_cost' | 'expected_revenue' | 'estimated_days' };

export type Sensitivity = SensitivityDto & {
  moves_roi_most: Swing['input'] | null;
  moves_payback_most: Swing['input'] | null;
  inputs: Swing[];
};

const INPUTS = [
  ['cost', 'estimated_cost'],
  ['revenue', 'expected_revenue'],
  ['days', 'estimated_days'],
] as const;

/** Moves one input at a time while the others stay at their estimates. @param verdict of an ROI in percent */
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

/** The input with the largest effect, the first of equals; null when none has any. */
function widest(inputs: readonly Swing[], width: (swing: Swing) => number): Swing['input'] | null {
  const [first] = [...inputs].sort((a, b) => Math.abs(width(b)) - Math.abs(width(a)));
  return first && width(first) !== 0 ? first.input : null;
}
