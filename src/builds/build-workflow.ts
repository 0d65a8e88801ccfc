import { Injectable, Logger } from '@nestjs/common';
import { type Decision, type DriveEnding, type StepRun, WorkflowKind } from '../engine/workflow-kind.js';
import { Settings } from '../platform/config/settings.js';
import { BUILD_KIND } from '../projects/build.js';
import { BuildsService } from '../projects/builds.service.js';
import type { ProjectWhole } from '../projects/project.js';
import { ProjectProgressService } from '../projects/project-progress.service.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { type BuildStep, nextStep } from './build-transitions.js';
import { BuildObservation, type CountedEnding } from './build-observation.js';
import { BuildStepRuns } from './build-step-run.js';

/** A build as it is stored: the project, its stages, and whether this build is still the project's running one. */
export interface BuildState {
  build_id: string;
  whole: ProjectWhole;
  isCurrent: boolean;
}

/** A step of the table of steps, or a pause requested while a step was running. */
export type BuildWorkStep = { id: string } & ({ place: BuildStep } | { pause: true });

/**
 * Builds as durable runs: one step of the table after the other, at most `BUILD_SLOTS` builds at a time in one process. The
 * run has the id of the build; its state is the project with its stages.
 */
@Injectable()
export class BuildWorkflow extends WorkflowKind<BuildState, BuildWorkStep> {
  override readonly name = BUILD_KIND;
  override readonly slots: number;
  private readonly logger = new Logger(BuildWorkflow.name);

  constructor(
    private readonly builds: BuildsService,
    private readonly progress: ProjectProgressService,
    private readonly steps: BuildStepRuns,
    private readonly observation: BuildObservation,
    private readonly aggregator: StatisticsAggregator,
    settings: Settings,
  ) {
    super();
    this.slots = settings.get('BUILD_SLOTS');
  }

  override async load(build_id: string): Promise<BuildState | undefined> {
    const project_id = await this.builds.findProject(build_id);
    const whole = project_id === undefined ? undefined : await this.progress.read(project_id);
    return whole && stateOf(build_id, whole, whole.deleting);
  }

  override next({ whole, isCurrent }: BuildState): Decision<BuildWorkStep> {
    const place = isCurrent ? nextStep(whole.stages) : undefined;
    if (!place) return { do: 'done' };
    if (whole.project.pause_requested) return { do: 'run', steps: [{ id: 'pause', pause: true }] };
    return { do: 'run', steps: [{ id: [place.stage, place.sub_stage].filter(Boolean).join('/'), place }] };
  }

  override async runStep({ build_id, whole }: BuildState, step: BuildWorkStep, run: StepRun): Promise<BuildState> {
    const after = await ('pause' in step ? this.steps.pause(whole, run) : this.steps.take(whole, step.place, run));
    return stateOf(build_id, after, false);
  }

  override async observe(
    build_id: string,
    drive: () => Promise<{ ending: DriveEnding; run: BuildState | undefined }>,
  ): Promise<void> {
    await this.observation.run(build_id, async () => {
      const { ending, run } = await drive();
      const { project } = run?.whole ?? {};
      const counted = countedEnding(ending, run);
      this.observation.ended(counted);
      const { project_id, status } = project ?? {};
      this.logger.log({ msg: 'build run finished', project_id, build_id, ending: counted, status });
      return project_id;
    });
    this.aggregator.kick();
  }

  override adopt(): Promise<void> {
    return this.builds.adoptEarlier();
  }
}

function stateOf(build_id: string, { project, stages }: ProjectWhole, isDeleting: boolean): BuildState {
  const isUnfinished = project.status === 'pending' || project.status === 'building';
  const isCurrent = isUnfinished && project.build_id === build_id && !isDeleting;
  return { build_id, whole: { project, stages }, isCurrent };
}

/** A run that reached its end says by the project how. */
function countedEnding(ending: DriveEnding, run: BuildState | undefined): CountedEnding {
  if (ending === 'broken') return 'broken';
  const { status, build_id } = run?.whole.project ?? {};
  const isOwn = ending === 'done' && build_id === run?.build_id;
  if (isOwn && (status === 'completed' || status === 'failed' || status === 'paused')) return status;
  return 'superseded';
}
