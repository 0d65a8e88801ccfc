import fc from 'fast-check';
import { bucketAttribute, bucketsOf, percentile } from './latency-histogram.js';

const DAY_MS = 24 * 3600 * 1000;
const durations = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 5_000 }), fc.nat({ max: DAY_MS })), {
  minLength: 1,
  maxLength: 300,
});

function rowOf(values: number[]): Record<string, number> {
  const row: Record<string, number> = {};
  for (const value of values) row[bucketAttribute(value)] = (row[bucketAttribute(value)] ?? 0) + 1;
  return row;
}

const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const estimate = (values: number[], quantile: number): number | null =>
  percentile(bucketsOf(rowOf(values)), quantile, meanOf(values));

function nearestRank(values: number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? 0;
}

describe('latency histogram', () => {
  it('answers every percentile within 5 % of the exact one', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1), (values, quantile) => {
        const exact = nearestRank(values, quantile);
        const rounded = Math.round((estimate(values, quantile) ?? Number.NaN) * 100) / 100;
        expect(Math.abs(rounded - exact)).toBeLessThanOrEqual(0.05 * exact);
      }),
      { numRuns: 500 },
    );
  });

  it('never answers a higher percentile below a lower one', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const [p50 = 0, p95 = 0, p99 = 0] = [0.5, 0.95, 0.99].map(
          (quantile) => estimate(values, quantile) ?? Number.NaN,
        );
        expect(p50).toBeLessThanOrEqual(p95);
        expect(p95).toBeLessThanOrEqual(p99);
      }),
    );
  });

  it('never answers more than the longest duration, within the same 5 %', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99, 1), (values, quantile) => {
        const longest = Math.max(...values);
        const value = percentile(bucketsOf(rowOf(values)), quantile, meanOf(values), longest) ?? Number.NaN;
        expect(value).toBeLessThanOrEqual(longest);
        const exact = nearestRank(values, quantile);
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(0.05 * exact);
      }),
      { numRuns: 500 },
    );
    expect(percentile(bucketsOf(rowOf([10, 97])), 0.95, 53.5)).toBeGreaterThan(100);
    expect(percentile(bucketsOf(rowOf([10, 97])), 0.95, 53.5, 97)).toBe(97);
  });

  it('is not bounded by a longest duration that is known only of a part', () => {
    expect(percentile(bucketsOf(rowOf([10, 97])), 0.95, 53.5, 12)).toBeGreaterThan(100);
  });

  it('of two parts together is the sum of their histograms', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const sum = rowOf(a);
        for (const [bucket, count] of Object.entries(rowOf(b))) sum[bucket] = (sum[bucket] ?? 0) + count;
        expect(sum).toEqual(rowOf([...a, ...b]));
      }),
    );
  });

  it('is exact for equal durations and for 0 and 1 ms', () => {
    expect(estimate([812, 812, 812], 0.95)).toBe(812);
    expect(estimate([0, 0, 1, 5000], 0.5)).toBe(0);
    expect(estimate([0, 1, 1, 5000], 0.5)).toBe(1);
  });

  it('has no percentile without durations', () => {
    expect(percentile(bucketsOf({ total: 0 }), 0.5, 0)).toBeNull();
    expect(percentile(bucketsOf(undefined), 0.5, 0)).toBeNull();
  });

  it('needs no more buckets than an item and an update expression hold', () => {
    const longest = Number(bucketAttribute(Number.MAX_SAFE_INTEGER).slice(2));
    expect(longest).toBeLessThan(270);
  });
});
