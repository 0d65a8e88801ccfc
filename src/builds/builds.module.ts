import { Module } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { BUILD_KIND } from '../projects/build.js';
import { figure, Metrics } from '../platform/observability/metrics.js';
import { ProjectsModule } from '../projects/projects.module.js';
import { StatisticsModule } from '../statistics/statistics.module.js';
import { BuildObservation } from './build-observation.js';
import { BuildStepRuns } from './build-step-run.js';
import { BuildWorkflow } from './build-workflow.js';

/** Builds projects: the workflow kind and its figures. The first build loads its steps, see {@link BuildStepRuns}. */
@Module({
  imports: [BudgetsModule, ProjectsModule, StatisticsModule],
  providers: [BuildObservation, BuildStepRuns, BuildWorkflow],
})
export class BuildsModule {
  constructor(engine: Engine, workflow: BuildWorkflow, metrics: Metrics) {
    engine.register(workflow);
    metrics.gauge('nexus_builds_running', 'Builds that run in this process.', () => engine.running(BUILD_KIND));
    metrics.sampled(
      () => engine.queue(BUILD_KIND),
      [
        {
          name: 'nexus_builds',
          help: 'Waiting and running builds of the whole environment; each count stops at 1000.',
          labels: ['status'],
          samples: ({ waiting, running }) => [
            { labels: { status: 'queued' }, value: waiting },
            { labels: { status: 'running' }, value: running },
          ],
        },
        {
          name: 'nexus_build_queue_oldest_seconds',
          help: 'How long the oldest waiting build has waited, in seconds; 0 if none is waiting.',
          samples: ({ oldest_seconds }) => figure(oldest_seconds),
        },
        {
          name: 'nexus_builds_stalled',
          help: 'Running builds whose lease has expired and that no process has taken over.',
          samples: ({ stalled }) => figure(stalled),
        },
      ],
    );
  }
}
