import { bucketPeriods, expiryOf, isExpired, windowRange } from './window.js';

const NOW = new Date('2026-11-20T10:03:09.000Z');
const seconds = (at: string): number => Date.parse(at) / 1000;

describe('buckets of a sliding window', () => {
  it('are five minutes and an hour long', () => {
    expect(bucketPeriods('2026-11-20T10:59:59.999Z')).toEqual(['SLICE#2026-11-20T10:55', 'HOUR#2026-11-20T10']);
    expect(bucketPeriods('2026-11-20T11:00:00.000Z')).toEqual(['SLICE#2026-11-20T11:00', 'HOUR#2026-11-20T11']);
  });

  it('reach back over the whole window', () => {
    expect(windowRange('1h', NOW)).toEqual({ first: 'SLICE#2026-11-20T09:00', last: 'SLICE#2026-11-20T10:00' });
    expect(windowRange('24h', NOW)).toEqual({ first: 'HOUR#2026-11-19T10', last: 'HOUR#2026-11-20T10' });
    expect(windowRange('7d', NOW)).toEqual({ first: 'HOUR#2026-11-13T10', last: 'HOUR#2026-11-20T10' });
  });

  it('outlive every window that they belong to', () => {
    expect(expiryOf('SLICE#2026-11-20T10:00')).toBe(seconds('2026-11-20T13:00:00Z'));
    expect(expiryOf('HOUR#2026-11-20T10')).toBe(seconds('2026-11-28T10:00:00Z'));
    expect(expiryOf('DAY#2026-11-20')).toBeUndefined();
    expect(isExpired(windowRange('1h', NOW).first, NOW)).toBe(false);
    expect(isExpired(windowRange('7d', NOW).first, NOW)).toBe(false);
    expect(isExpired('SLICE#2026-11-20T07:00', NOW)).toBe(true);
    expect(isExpired('TOTAL', NOW)).toBe(false);
  });
});
