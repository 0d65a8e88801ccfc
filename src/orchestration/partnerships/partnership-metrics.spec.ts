import { METRICS_LIMIT, trendOf, withPoint, agentSource, snapshotOf, urlSource } from './partnership-metrics.js';
import { windowAmounts } from '../../statistics/contribution.js';
import { type Bucket, defaultPartnerships, type Partnership, type PushedMetrics, type Watch } from './partnership.js';
import type { KnownPartnership } from './partnerships.repository.js';

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
    expect(() => withPoint({}, 'uptime', at(1, 1))).toThrow('metric must not be one that');
    const full = Object.fromEntries(Array.from({ length: METRICS_LIMIT }, (_, index) => [`m${index}`, [at(1, 1)]]));
    expect(() => withPoint(full, 'another', at(1, 1))).toThrow('metric would exceed the limit');
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

const NOW = new Date('2026-11-20T10:00:00.000Z');
const [BASE] = defaultPartnerships('acme', NOW.toISOString()) as [Partnership];

const partnership = (changes: Partial<Partnership>, agent_ids: string[] = [], health_url: string | null = null) => ({
  ...BASE,
  ...changes,
  probe: { ...BASE.probe, agent_ids, health_url },
});
const known = (one: Partnership, watch: Partial<Watch> = {}, pushed: PushedMetrics = {}): KnownPartnership => ({
  partnership: one,
  watch: { ...one.probe, org_id: one.org_id, id: one.id, created_at: one.created_at, ...watch },
  pushed,
  pushes: 0,
});
/** One bucket for each call. */
const calls = (count: number, success: boolean, duration_ms: number, fault = !success): Bucket[] =>
  Array.from({ length: count }, () => windowAmounts({ success, fault, duration_ms }));
const measured = (all: KnownPartnership[], sources: Record<string, Bucket[]>) =>
  snapshotOf({ status: undefined, known: all }, new Map(Object.entries(sources)), '24h', NOW);

describe('what is measured of a partnership', () => {
  it('counts only the faults of the partner against it', () => {
    const { readings } = measured([known(partnership({}, ['a', 'b']))], {
      [agentSource('a')]: [...calls(6, true, 100), ...calls(2, false, 9_000)],
      [agentSource('b')]: [...calls(1, true, 100), ...calls(1, false, 9_000, false)],
      [agentSource('c')]: calls(50, false, 1),
    });
    expect(readings[0]).toMatchObject({
      metrics: {
        values: { uptime: 80, success_rate: 77.78, response_time_p50: 100, response_time_p95: 100, requests: 10 },
        reasons: {},
      },
      score: 82.6,
      health: 'good',
      reachable: null,
      reason: undefined,
    });
  });

  it.each([
    ['no probe', partnership({}), [], 'no probe is set: link agents or a health_url', null],
    ['no calls', partnership({}, ['a']), [], 'nothing was measured in this window', 0],
    ['being disabled', partnership({ enabled: false }, ['a']), calls(3, true, 5), 'the partnership is disabled', null],
  ] as const)('is unknown for %s, and says so', (_, one, buckets, reason, requests) => {
    const { status, score, readings } = measured([known(one)], { [agentSource('a')]: [...buckets] });
    expect({ status, score }).toEqual({ status: 'unknown', score: null });
    expect(readings[0]).toMatchObject({
      health: 'unknown',
      score: null,
      reason,
      metrics: { reasons: { uptime: reason } },
    });
    expect(readings[0]?.metrics.values).toMatchObject({ uptime: null, response_time_p95: null, requests });
  });

  it('has no response time and the score 0 when every call failed', () => {
    const { readings, status } = measured([known(partnership({}, ['a']))], { [agentSource('a')]: calls(4, false, 30) });
    expect(readings[0]).toMatchObject({ score: 0, health: 'poor' });
    expect(readings[0]?.metrics.reasons).toEqual({
      response_time_p50: 'no call in this window received a response',
      response_time_p95: 'no call in this window received a response',
    });
    expect(status).toBe('critical');
  });

  it('includes pushed metrics with a target even without calls', () => {
    const goals = [
      { name: 'velocity', target: 40, unit: '%', direction: 'higher' as const },
      { name: 'sentiment', target: 85, unit: '%', direction: 'higher' as const },
    ];
    const at = NOW.toISOString();
    const pushed = { velocity: [{ value: 30, measured_at: at }], mentions: [{ value: 9, measured_at: at }] };
    const { readings } = measured([known(partnership({ success_metrics: goals }), {}, pushed)], {});
    expect(readings[0]).toMatchObject({ score: 75, health: 'good' });
    expect(readings[0]?.metrics.values).toMatchObject({ velocity: 30, sentiment: null, mentions: 9, uptime: null });
    expect(readings[0]?.metrics.reasons).toMatchObject({ sentiment: 'no measurement was pushed' });
  });
});

describe('a partner that is down right now', () => {
  const polled = partnership({ id: 'polled' }, [], 'https://partner.example');
  const sources = { [urlSource('polled')]: [...calls(99, true, 10), ...calls(1, false, 10)] };
  const seen = (up: boolean, probed_at: string) => measured([known(polled, { up, probed_at })], sources);

  it('is at best fair, and the system degraded, regardless of its score', () => {
    expect(seen(true, '2026-11-20T09:59:45.000Z')).toMatchObject({ status: 'healthy', score: 99 });
    const down = seen(false, '2026-11-20T09:59:45.000Z');
    expect(down).toMatchObject({ status: 'degraded', score: 99 });
    expect(down.readings[0]).toMatchObject({ health: 'fair', score: 99, reachable: false });
  });

  it('is unknown when the last probe is stale', () => {
    expect(seen(false, '2026-11-20T09:50:00.000Z').readings[0]).toMatchObject({ reachable: null, health: 'excellent' });
  });
});

describe('partnerships of one type', () => {
  it('are measured together, counting a shared agent once', () => {
    const { types } = measured(
      [
        known(partnership({ id: 'one', partnership_type: 'research' }, ['a', 'b'])),
        known(partnership({ id: 'two', partnership_type: 'research' }, ['b'])),
        known(partnership({ id: 'off', partnership_type: 'research', enabled: false }, ['c'])),
        known(partnership({ id: 'other', partnership_type: 'strategy' })),
      ],
      {
        [agentSource('a')]: calls(1, true, 10),
        [agentSource('b')]: calls(1, false, 10),
        [agentSource('c')]: calls(5, false, 10),
      },
    );
    expect(types.map(({ partnership_type, ids }) => [partnership_type, ids])).toEqual([
      ['research', ['one', 'two', 'off']],
      ['strategy', ['other']],
    ]);
    expect(types[0]?.metrics.values).toMatchObject({ requests: 2, uptime: 50 });
  });
});
