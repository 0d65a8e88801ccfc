import { BackOff } from './cluster-primary.js';

describe('the pause before a restart', () => {
  it('doubles with each crash, up to half a minute', () => {
    const backOff = new BackOff();
    const pauses = Array.from({ length: 8 }, () => backOff.next(10));
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('begins anew after a minute without a crash', () => {
    const backOff = new BackOff();
    backOff.next(10);
    backOff.next(59_999);
    expect(backOff.next(60_000)).toBe(500);
    expect(backOff.next(10)).toBe(1_000);
  });
});
