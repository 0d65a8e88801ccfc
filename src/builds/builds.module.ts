import { Global, Module, type Type } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ModelsModule } from '../models/models.module.js';
import { OfflineWriters } from '../models/offline/offline-writers.js';
import { BuildEngine, BuildRecords } from '../projects/build-engine.port.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsRecount } from '../statistics/statistics-recount.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { BuildFacts, BuildGauges, StoredBuildRecords } from './build-facts.js';
import { BuildObservation } from './build-observation.js';
import { BuildRunPorts } from './build-run-ports.js';
import { BuildsRepository } from './builds.repository.js';
import { EmbeddedBuildEngine } from './embedded-build-engine.js';
import { QueueMetrics } from './queue-metrics.js';
import { DocumentWriter } from './step/documents.js';
import { BuildSteps, offlineWriters } from './step/step.js';
import * as STEPS from './steps/steps.js';

const SERVICES = BuildSteps.servicesOf(STEPS);

/** Binds the build engine that projects declare. Global, because projects stand on a lower floor and cannot import it. */
@Global()
@Module({
  imports: [ProjectsModule, StatisticsModule, ModelsModule, ToolsModule, RuntimesModule, AgentsModule],
  providers: [
    DocumentWriter,
    ...Object.values(STEPS).flatMap(({ provides }) => provides as Type[]),
    {
      provide: BuildSteps,
      inject: SERVICES,
      useFactory: (...services: unknown[]) =>
        new BuildSteps(STEPS, new Map(SERVICES.map((service, index) => [service, services[index]]))),
    },
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
  constructor(
    writers: OfflineWriters,
    aggregator: StatisticsAggregator,
    recount: StatisticsRecount,
    facts: BuildFacts,
    gauges: BuildGauges,
  ) {
    for (const [name, writer] of offlineWriters(STEPS)) writers.register(name, writer);
    aggregator.register(facts);
    recount.registerGauges(gauges);
  }
}
