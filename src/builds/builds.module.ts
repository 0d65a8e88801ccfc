import { Global, Module } from '@nestjs/common';
import { BuildEngine } from '../projects/build-engine.port.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { BuildFacts } from './build-facts.js';
import { BuildRunPorts } from './build-run-ports.js';
import { BuildsRepository } from './builds.repository.js';
import { EmbeddedBuildEngine } from './embedded-build-engine.js';
import { RunnersModule } from './runners/runners.module.js';

/** Binds the build engine that projects declare. Global, because the port's user stands on a lower floor than its maker. */
@Global()
@Module({
  imports: [ProjectsModule, RunnersModule, StatisticsModule],
  providers: [BuildsRepository, BuildRunPorts, BuildFacts, EmbeddedBuildEngine, { provide: BuildEngine, useExisting: EmbeddedBuildEngine }],
  exports: [BuildEngine, EmbeddedBuildEngine],
})
export class BuildsModule {
  constructor(aggregator: StatisticsAggregator, facts: BuildFacts) {
    aggregator.register(facts);
  }
}
