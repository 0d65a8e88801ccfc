import { Metrics } from '../platform/observability/metrics.js';
import { Clock } from '../shared/clock.js';
import { CountingLag } from './counting-lag.js';
import type { Fact, FactSource } from './fact.js';
import type { StatisticsAggregator } from './statistics-aggregator.js';

const NOW = '2026-03-01T12:00:00.000Z';

async function lagOf(facts: Fact[]): Promise<string> {
  const source = { name: 'any', uncounted: async () => facts.map((fact) => ({ fact, mark: {} })) };
  const aggregator = { registered: () => [source as unknown as FactSource] };
  const clock = Object.assign(new Clock(), { now: () => new Date(NOW) });
  const metrics = new Metrics();
  new CountingLag(aggregator as unknown as StatisticsAggregator, clock, metrics);
  const text = await metrics.registry.getSingleMetricAsString('nexus_statistics_uncounted_age_seconds');
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('');
}

const run = (occurred_at: string, duration_ms: number) => ({ kind: 'invocation', occurred_at, duration_ms }) as Fact;

it('is the age of the oldest fact that waits', async () => {
  const facts = [
    run('2026-03-01T11:59:50.000Z', 0),
    { kind: 'build', occurred_at: '2026-03-01T11:58:00.000Z' } as Fact,
  ];
  expect(await lagOf(facts)).toBe('nexus_statistics_uncounted_age_seconds{source="any"} 120');
});

it('does not count the time that a run took: it could not be counted before', async () => {
  expect(await lagOf([run('2026-03-01T11:50:00.000Z', 597_000)])).toBe(
    'nexus_statistics_uncounted_age_seconds{source="any"} 3',
  );
});

it('is 0 when nothing waits', async () => {
  expect(await lagOf([])).toBe('nexus_statistics_uncounted_age_seconds{source="any"} 0');
});
