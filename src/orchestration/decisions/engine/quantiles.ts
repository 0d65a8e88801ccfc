/** P10, P50 and P90. */
export interface Percentiles {
  p10: number;
  p50: number;
  p90: number;
}

/** Sorts the values in place. Between two values it interpolates (type 7 of Hyndman and Fan 1996, the usual one). */
export function percentilesOf(values: Float64Array): Percentiles {
  values.sort();
  return { p10: quantile(values, 0.1), p50: quantile(values, 0.5), p90: quantile(values, 0.9) };
}

function quantile(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
