/**
 * Durations in buckets whose bounds grow by 9 %: bucket i holds (γ^(i-2), γ^(i-1)] milliseconds with γ = 1.09, bucket 1 all
 * up to 1 ms and bucket 0 exactly 0. A bucket answers 2·γ^(i-1) / (γ + 1), which is off by at most (γ - 1) / (γ + 1) = 4.3 %
 * for everything in it (C. Masson and others, "DDSketch", VLDB 2019); 0 and 1 ms are exact. Buckets are counts, so the
 * histograms of two days simply add up.
 */
const GAMMA = 1.09;
const LOG_GAMMA = Math.log(GAMMA);
const PREFIX = 'l_';
/** 30 days; longer durations count as this long. */
const LONGEST_MS = 30 * 24 * 3600 * 1000;
/** Powers of γ are not exact: a duration that is a bucket's bound belongs to that bucket. */
const ROUNDING = 1e-9;

export type Buckets = ReadonlyMap<number, number>;

/** The attribute that counts durations like this one. */
export function bucketAttribute(duration_ms: number): string {
  return PREFIX + String(bucketIndex(duration_ms)).padStart(3, '0');
}

export function bucketIndex(duration_ms: number): number {
  if (duration_ms <= 0) return 0;
  return 1 + Math.max(0, Math.ceil(Math.log(Math.min(duration_ms, LONGEST_MS)) / LOG_GAMMA - ROUNDING));
}

/** The buckets of a stored row. */
export function bucketsOf(row: Record<string, string | number> | undefined): Buckets {
  const buckets = new Map<number, number>();
  for (const [attribute, count] of Object.entries(row ?? {}))
    if (attribute.startsWith(PREFIX) && typeof count === 'number' && count > 0)
      buckets.set(Number(attribute.slice(PREFIX.length)), count);
  return buckets;
}

/**
 * The duration that `quantile` (0-1) of all durations do not exceed (nearest rank), within 5 %; null without durations.
 * @param longest_ms the longest of them: no percentile exceeds it. Undefined where it is not known.
 * @param mean answered instead of the estimate where all durations share a bucket: then it is at least as close, and exact
 * for equal durations.
 */
export function percentile(buckets: Buckets, quantile: number, mean: number, longest_ms?: number): number | null {
  const total = [...buckets.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  if (buckets.size === 1) return mean;
  const rank = Math.max(1, Math.ceil(quantile * total));
  let seen = 0;
  for (const [index, count] of [...buckets].sort(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= rank) return bounded(index, longest_ms);
  }
  return null;
}

/**
 * The longest duration lies in the last bucket and bounds its representative. One that is known from a lower bucket is older
 * than a longer duration that was counted without it, and bounds nothing.
 */
function bounded(index: number, longest_ms: number | undefined): number {
  const value = representative(index);
  return longest_ms !== undefined && bucketIndex(longest_ms) === index ? Math.min(value, longest_ms) : value;
}

function representative(index: number): number {
  return index <= 1 ? index : (2 * GAMMA ** (index - 1)) / (GAMMA + 1);
}
