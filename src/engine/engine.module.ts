import { Global, Module } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { Metrics } from '../platform/observability/metrics.js';
import { DurableRunsRepository } from './durable-runs.repository.js';
import { EmbeddedEngine } from './embedded/embedded-engine.js';
import { Engine } from './engine.js';
import { TemporalEngine } from './temporal/temporal-engine.js';

/** Durable execution for every feature. Global, because most features start runs. */
@Global()
@Module({
  providers: [
    DurableRunsRepository,
    EmbeddedEngine,
    TemporalEngine,
    {
      provide: Engine,
      inject: [Settings, EmbeddedEngine, TemporalEngine],
      useFactory: (settings: Settings, embedded: EmbeddedEngine, temporal: TemporalEngine) =>
        settings.get('ENGINE') === 'temporal' ? temporal : embedded,
    },
  ],
  exports: [Engine],
})
export class EngineModule {
  constructor(engine: Engine, metrics: Metrics) {
    metrics.sampled(
      () => Promise.all(engine.kinds().map(async (kind) => ({ kind, ...(await engine.queue(kind)) }))),
      [
        {
          name: 'nexus_engine_runs',
          help: 'Durable runs of the whole environment that wait for a slot or are running; each count stops at 1000.',
          labels: ['kind', 'status'],
          samples: (queues) =>
            queues.flatMap(({ kind, waiting, running }) => [
              { labels: { kind, status: 'queued' }, value: waiting },
              { labels: { kind, status: 'running' }, value: running },
            ]),
        },
        {
          name: 'nexus_engine_runs_stalled',
          help: 'Running durable runs whose lease has expired and that no process has taken over.',
          labels: ['kind'],
          samples: (queues) => queues.map(({ kind, stalled }) => ({ labels: { kind }, value: stalled })),
        },
        {
          name: 'nexus_engine_queue_oldest_seconds',
          help: 'How long the oldest durable run has waited for a slot, in seconds; 0 if none is waiting.',
          labels: ['kind'],
          samples: (queues) => queues.map(({ kind, oldest_seconds }) => ({ labels: { kind }, value: oldest_seconds })),
        },
      ],
    );
  }
}
