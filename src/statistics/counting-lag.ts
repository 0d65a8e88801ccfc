import { Injectable } from '@nestjs/common';
import { Metrics, type Sample } from '../platform/observability/metrics.js';
import { Clock } from '../shared/clock.js';
import type { Fact, FactSource } from './fact.js';
import { StatisticsAggregator } from './statistics-aggregator.js';

/** Facts looked at per source; they come oldest first where that is cheap. */
const LOOKED_AT = 64;

/** How far the counters are behind the facts: the age of the oldest one that waits to be counted, by source. */
@Injectable()
export class CountingLag {
  constructor(
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    metrics.sampled(
      () => this.read(),
      [
        {
          name: 'nexus_statistics_uncounted_age_seconds',
          help: 'Age of the oldest uncounted fact, in seconds, by source; 0 when all are counted.',
          labels: ['source'],
          samples: (samples) => samples,
        },
      ],
    );
  }

  /** One sample for each source, in seconds. */
  read(): Promise<Sample[]> {
    return Promise.all(this.aggregator.registered().map((source) => this.lagOf(source)));
  }

  private async lagOf(source: FactSource): Promise<Sample> {
    const waiting = await source.uncounted(LOOKED_AT);
    const now = this.clock.now().getTime();
    const oldest = Math.min(now, ...waiting.map(({ fact }) => countableSince(fact)));
    return { labels: { source: source.name }, value: (now - oldest) / 1000 };
  }
}

/** A run counts for the moment it began, but can be counted only once it is over. */
function countableSince(fact: Fact): number {
  const occurred = Date.parse(fact.occurred_at);
  return fact.kind === 'invocation' ? occurred + fact.duration_ms : occurred;
}
