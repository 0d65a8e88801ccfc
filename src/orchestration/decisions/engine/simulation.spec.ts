import fc from 'fast-check';
import { percentilesOf } from './simulation.js';

/** By sorting: what the selection must agree with. */
function bySorting(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(position)] ?? NaN, sorted[Math.ceil(position)] ?? NaN];
  return below + (above - below) * (position - Math.floor(position));
}

it('agree with sorting, also for equal values', () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
      const { p10, p50, p90 } = percentilesOf(Float64Array.from(values));
      for (const [found, share] of [
        [p10, 0.1],
        [p50, 0.5],
        [p90, 0.9],
      ] as const)
        expect(found).toBeCloseTo(bySorting(values, share), 9);
    }),
  );
});

it('interpolates between two values', () => {
  expect(percentilesOf(Float64Array.of(4, 1, 3, 2))).toEqual({ p10: 1.3, p50: 2.5, p90: 3.7 });
});
