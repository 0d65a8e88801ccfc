import { METRICS_LIMIT, trendOf, withPoint } from './partnership-metrics.js';

const at = (minute: number, value: number) => ({
  value,
  measured_at: `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`,
});

describe('pushed metrics', () => {
  it('keep the last 20 points in order of time, one per moment', () => {
    let pushed = withPoint({}, 'engagement', at(30, 1));
    pushed = withPoint(pushed, 'engagement', at(10, 2));
    pushed = withPoint(pushed, 'engagement', at(30, 3));
    expect(pushed['engagement']).toEqual([at(10, 2), at(30, 3)]);
    for (let minute = 31; minute < 60; minute++) pushed = withPoint(pushed, 'engagement', at(minute, minute));
    expect(pushed['engagement']).toHaveLength(20);
    expect(pushed['engagement']?.at(-1)).toEqual(at(59, 59));
  });

  it('are refused under a reserved name and beyond the limit', () => {
    expect(() => withPoint({}, 'uptime', at(1, 1))).toThrow('metric must not be one of those');
    const full = Object.fromEntries(Array.from({ length: METRICS_LIMIT }, (_, index) => [`m${index}`, [at(1, 1)]]));
    expect(() => withPoint(full, 'another', at(1, 1))).toThrow('metric is one too many');
    expect(withPoint(full, 'm3', at(2, 1))['m3']).toHaveLength(2);
  });

  it.each([
    [[at(1, 10)], 'higher', null],
    [[at(1, 10), at(2, 12)], 'higher', 'improving'],
    [[at(1, 10), at(2, 12)], 'lower', 'declining'],
    [[at(1, 10), at(2, 8)], 'lower', 'improving'],
    [[at(1, 100), at(2, 100.9)], 'higher', 'stable'],
    [[at(1, 0), at(2, 0)], 'higher', 'stable'],
    [[at(1, -10), at(2, -5)], 'higher', 'improving'],
  ] as const)('%j, %s is better: %p', (points, direction, trend) =>
    expect(trendOf([...points], direction)).toBe(trend),
  );
});
