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
