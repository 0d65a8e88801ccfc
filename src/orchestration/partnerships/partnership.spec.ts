import {
  type Health,
  healthOf,
  pointsOfLatency,
  pointsOfPercentage,
  pointsOfTarget,
  progressHealthOf,
  scoreOf,
  type SystemStatus,
  systemStatusOf,
} from './partnership.js';

describe('points of a metric', () => {
  it.each([
    [99.5, 99.5],
    [0, 0],
    [120, 100],
    [-3, 0],
  ])('of %d per cent are %d', (value, points) => expect(pointsOfPercentage(value)).toBe(points));

  it.each([
    [0, 100],
    [85, 91.5],
    [1000, 0],
    [20_000, 0],
  ])('of a p95 of %d ms are %d', (ms, points) => expect(pointsOfLatency(ms)).toBeCloseTo(points, 9));

  it.each([
    [35, 40, 'higher', 87.5],
    [50, 40, 'higher', 100],
    [0, 40, 'higher', 0],
    [-1, 40, 'higher', 0],
    [50, 40, 'lower', 80],
    [40, 40, 'lower', 100],
    [20, 40, 'lower', 100],
    [0, 40, 'lower', 100],
  ] as const)('of %d with the target %d, %s is better, are %d', (value, target, direction, points) =>
    expect(pointsOfTarget(value, target, direction)).toBe(points),
  );
});

describe('the score', () => {
  it.each([
    [[], null],
    [[100], 100],
    [[100, 91.5, 100], 97.2],
    [[0, 0, 100], 33.3],
  ])('of %j is %p', (points, score) => expect(scoreOf(points)).toBe(score));

  it.each<[number | null, Health, Health]>([
    [100, 'excellent', 'fair'],
    [90, 'excellent', 'fair'],
    [89.9, 'good', 'fair'],
    [75, 'good', 'fair'],
    [74.9, 'fair', 'fair'],
    [60, 'fair', 'fair'],
    [59.9, 'poor', 'poor'],
    [0, 'poor', 'poor'],
    [null, 'unknown', 'unknown'],
  ])('%p is %s, and %s while the partner is down', (score, health, whileDown) => {
    expect(healthOf(score)).toBe(health);
    expect(healthOf(score, true)).toBe(whileDown);
  });
});

describe('the status of the system', () => {
  it.each<[(number | null)[], SystemStatus]>([
    [[], 'unknown'],
    [[null, null], 'unknown'],
    [[85], 'healthy'],
    [[84.9, 85.1], 'healthy'],
    [[84.9], 'degraded'],
    [[70, null], 'degraded'],
    [[100, 39.9], 'critical'],
    [[68.5, 52.8, 46.4, 67], 'critical'],
    [[100, null, 90], 'healthy'],
  ])('with the scores %j is %s', (scores, status) => expect(systemStatusOf(scores)).toBe(status));

  it('is at best degraded while a partner is down', () => {
    expect(systemStatusOf([99, 99], true)).toBe('degraded');
    expect(systemStatusOf([50], true)).toBe('critical');
    expect(systemStatusOf([null], true)).toBe('unknown');
  });
});

describe('the progress of deliverables', () => {
  it.each<[number[], number | null, Health]>([
    [[60, 75, 80, 70], 71.3, 'good'],
    [[85, 90, 65, 70], 77.5, 'good'],
    [[85], 85, 'excellent'],
    [[69.9], 69.9, 'fair'],
    [[50], 50, 'fair'],
    [[49.9], 49.9, 'poor'],
    [[], null, 'unknown'],
  ])('%j is %p: %s', (all, progress, health) => {
    expect(scoreOf(all)).toBe(progress);
    expect(progressHealthOf(scoreOf(all))).toBe(health);
  });
});
