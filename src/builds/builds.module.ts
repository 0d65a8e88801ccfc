import { Global, Module } from '@nestjs/common';
import { BuildEngine, BuildRecords } from '../projects/build-engine.port.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { BuildFacts, BuildGauges } from './build-facts.js';
import { StoredBuildRecords } from './build-records.js';
import { BuildObservation } from './build-observation.js';
import { BuildRunPorts } from './build-run-ports.js';
import { BuildsRepository } from './builds.repository.js';
import { EmbeddedBuildEngine } from './embedded-build-engine.js';
import { QueueMetrics } from './queue-metrics.js';
import { RunnersModule } from './runners/runners.module.js';

/** Binds the build engine that projects declare. Global, because the port's user stands on a lower floor than its maker. */
@Global()
@Module({
  imports: [ProjectsModule, RunnersModule, StatisticsModule],
  providers: [
    BuildsRepository,
    BuildRunPorts,
    BuildObservation,
    QueueMetrics,
    BuildFacts,
    BuildGauges,
    EmbeddedBuildEngine,
    { provide: BuildEngine, useExisting: EmbeddedBuildEngine },
    { provide: BuildRecords, useClass: StoredBuildRecords },
  ],
  exports: [BuildEngine, BuildRecords, EmbeddedBuildEngine, QueueMetrics],
})
export class BuildsModule {
  constructor(aggregator: StatisticsAggregator, recount: StatisticsRecount, facts: BuildFacts, gauges: BuildGauges) {
    aggregator.register(facts);
    recount.registerGauges(gauges);
  }
}
