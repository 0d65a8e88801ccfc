import { Module, type Type } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { Engine } from '../engine/engine.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { OfflineWriters } from '../models/offline/offline-model.js';
import { BUILD_KIND } from '../projects/build.js';
import { figure, Metrics } from '../platform/observability/metrics.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { RuntimesModule } from '../runtimes/runtimes.module.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { BuildObservation } from './build-observation.js';
import { BuildStepRuns } from './build-step-run.js';
import { BuildWorkflow } from './build-workflow.js';
import { DocumentWriter } from './step/documents.js';
import { BuildSteps, offlineWriters } from './step/step.js';
import * as STEPS from './steps/steps.js';

const SERVICES = BuildSteps.servicesOf(STEPS);

/** Builds projects: the workflow kind, its steps, and their figures. */
@Module({
  imports: [BudgetsModule, ProjectsModule, StatisticsModule, ModelsModule, ToolsModule, RuntimesModule, AgentsModule],
  providers: [
    DocumentWriter,
    ...Object.values(STEPS).flatMap(({ provides }) => provides as Type[]),
    {
      provide: BuildSteps,
      inject: SERVICES,
      useFactory: (...services: unknown[]) =>
        new BuildSteps(STEPS, new Map(SERVICES.map((service, index) => [service, services[index]]))),
    },
    BuildObservation,
    BuildStepRuns,
    BuildWorkflow,
  ],
})
export class BuildsModule {
  constructor(writers: OfflineWriters, engine: Engine, workflow: BuildWorkflow, metrics: Metrics) {
    for (const [name, writer] of offlineWriters(STEPS)) writers.register(name, writer);
    engine.register(workflow);
    metrics.gauge('nexus_builds_running', 'Builds that run in this process.', () => engine.running(BUILD_KIND));
    metrics.sampled(
      () => engine.queue(BUILD_KIND),
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
}
