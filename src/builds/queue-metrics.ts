import { Injectable } from '@nestjs/common';
import { figure, Metrics } from '../platform/observability/metrics.js';
import { Clock } from '../shared/clock.js';
import type { Build } from './build.js';
import { BuildsRepository } from './builds.repository.js';

/** A queue beyond this is reported as this long: a scrape must stay cheap. */
const LOOKED_AT = 1_000;

export interface Queue {
  waiting: number;
  running: number;
  /** Running builds whose lease ran out: their process is gone and no other process has taken them over. */
  stalled: number;
  oldest_seconds: number;
}

/** The builds of the whole environment as the database has them; every process says the same. */
@Injectable()
export class QueueMetrics {
  constructor(
    private readonly builds: BuildsRepository,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    metrics.sampled(
      () => this.read(),
      [
        {
          name: 'nexus_builds',
          help: 'Builds of the whole environment that wait or run; at most 1000 of each are counted.',
          labels: ['status'],
          samples: ({ waiting, running }) => [
            { labels: { status: 'queued' }, value: waiting },
            { labels: { status: 'running' }, value: running },
          ],
        },
        {
          name: 'nexus_build_queue_oldest_seconds',
          help: 'How long the build that has waited longest has waited, in seconds; 0 when none waits.',
          samples: ({ oldest_seconds }) => figure(oldest_seconds),
        },
        {
          name: 'nexus_builds_stalled',
          help: 'Running builds whose lease ran out and that no process has taken over.',
          samples: ({ stalled }) => figure(stalled),
        },
      ],
    );
  }

  /** Two queries; at most a thousand builds of each kind are looked at. */
  async read(): Promise<Queue> {
    const [waiting, running] = await Promise.all([
      firstOf(this.builds.listWaiting(), LOOKED_AT),
      firstOf(this.builds.listRunning(), LOOKED_AT),
    ]);
    const now = this.clock.timestamp();
    const sinces = waiting.map(({ queue_order }) => Date.parse(queue_order.slice(queue_order.indexOf('#') + 1)));
    const oldest = Math.min(...sinces, Date.parse(now));
    return {
      waiting: waiting.length,
      running: running.length,
      stalled: running.filter(({ lease_expires_at = '' }) => lease_expires_at <= now).length,
      oldest_seconds: (Date.parse(now) - oldest) / 1000,
    };
  }
}

async function firstOf(builds: AsyncIterable<Build>, limit: number): Promise<Build[]> {
  const first: Build[] = [];
  for await (const build of builds) if (first.push(build) === limit) break;
  return first;
}
