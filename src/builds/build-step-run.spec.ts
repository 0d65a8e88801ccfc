import { retryWait } from './build-step-run.js';
import { BuildFault } from './step/step.js';

const fault = (transient: boolean, retry_after_seconds?: number): BuildFault =>
  new BuildFault('failed', { transient, details: { fault: 'outage', retry_after_seconds } });

/** What a step waits for in all, in milliseconds, when each try fails as told. */
const waits = (error: unknown): number[] => {
  const all: number[] = [];
  for (let wait = retryWait(error, 0); wait !== undefined; wait = retryWait(error, all.length)) all.push(wait);
  return all;
};

describe('retryWait', () => {
  it('bridges an outage of 30 seconds, whether the breaker is open or not', () => {
    expect(waits(fault(true))).toEqual([500, 2_000, 8_000, 30_000]);
    expect(waits(fault(true, 30))).toEqual([30_500, 30_500, 30_500, 30_500]);
  });

  it('waits no longer than two minutes at a time', () => {
    expect(retryWait(fault(true, 3_600), 0)).toBe(120_000);
  });

  it('does not retry what would fail again', () => {
    expect(waits(fault(false, 30))).toEqual([]);
    expect(waits(new Error('a bug'))).toEqual([]);
  });
});
