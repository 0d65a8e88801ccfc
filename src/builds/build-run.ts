import { Logger } from '@nestjs/common';
import { ARTIFACT_MAX_BYTES, type Artifact } from '../projects/artifact.js';
import { nameFromRequirement, type Project, type ProjectErrorInfo, type ProjectWhole } from '../projects/project.js';
import type { LogLevel, ProjectEventBody } from '../projects/project-event.js';
import { BuildSupersededError, ProjectChangedError } from '../projects/projects.errors.js';
import type { ProgressChange } from '../projects/project-progress.service.js';
import { elapsedMs } from '../shared/clock.js';
import { DatabaseUnavailableError, DomainError } from '../shared/domain-error.js';
import { completeStage, completeSubStage, failStage, startStage, startSubStage } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import { type BuildStep, nextStep } from './build.js';
import type { BuildRunPorts } from './build-run-ports.js';
import { BuildFault } from './runners/build-fault.js';
import type { StageContext, StageResult } from './runners/stage-runner.js';

/** How often a step that failed for a passing reason is tried, and how long to wait before each retry. */
const RETRY_WAITS_MS = [500, 2_000, 8_000];
const STORE_ATTEMPTS = 10;

/** Why a run ended: it reached the build's end, was paused, or the build is no longer its own. */
export type RunEnding = 'ended' | 'paused' | 'superseded';

/**
 * Takes one build from its first unfinished step to its end. Every transition is stored before the next begins, under two
 * conditions: the project is unchanged since it was read, and the lease is still ours. So a run whose process was thought
 * dead cannot write over the one that took its build.
 */
export class BuildRun {
  private readonly logger = new Logger(BuildRun.name);
  private readonly interruption = new AbortController();
  private pendingLogs: ProjectEventBody[] = [];
  private flushing: Promise<void> | undefined;
  private flushTimer: NodeJS.Timeout | undefined;

  constructor(
    private whole: ProjectWhole,
    private readonly owner: string,
    private readonly ports: BuildRunPorts,
  ) {}

  get project(): Project {
    return this.whole.project;
  }

  /** The running step is told to give up; what it would still answer is not stored. */
  interrupt(reason: Error): void {
    this.interruption.abort(reason);
  }

  /** @throws DatabaseUnavailableError when the database is away: the build stays as it is and is taken up again later. */
  async run(): Promise<RunEnding> {
    try {
      for (let step = nextStep(this.whole.stages); step; step = nextStep(this.whole.stages)) {
        if (this.project.pause_requested) return await this.pause();
        await this.ports.pace(this.interruption.signal);
        if (!(await this.takeStep(step))) return 'ended';
      }
      return 'ended';
    } catch (error) {
      if (error instanceof BuildSupersededError || this.interruption.signal.aborted) return 'superseded';
      throw error;
    }
  }

  /** @returns false when the step failed for good, and the build with it. */
  private async takeStep(step: BuildStep): Promise<boolean> {
    for (let tries = 0; ; tries++) {
      await this.begin(step);
      try {
        const result = await this.execute(step);
        await this.complete(step, result);
        return true;
      } catch (error) {
        if (
          error instanceof BuildSupersededError ||
          error instanceof DatabaseUnavailableError ||
          this.interruption.signal.aborted
        )
          throw error;
        const wait = isTransient(error) ? RETRY_WAITS_MS[tries] : undefined;
        await this.fail(step, error, wait === undefined);
        if (wait === undefined) return false;
        await this.ports.wait(wait, this.interruption.signal);
      }
    }
  }

  private async execute(step: BuildStep): Promise<StageResult> {
    const artifacts = await this.ports.progress.contents(this.project.org_id, this.project.project_id);
    this.interruption.signal.throwIfAborted();
    try {
      const result = await this.ports.runners.for(step.stage, step.sub_stage).run(this.context(step, artifacts));
      this.interruption.signal.throwIfAborted();
      return result;
    } finally {
      await this.settleLogs();
    }
  }

  private context(step: BuildStep, artifacts: ReadonlyMap<string, string>): StageContext {
    const {
      org_id,
      user_id,
      project_id,
      build_id,
      project_name,
      requirement,
      agent_name,
      agent_name_map,
      tags,
      priority,
    } = this.project;
    return {
      org_id,
      user_id,
      project_id,
      build_id,
      project_name,
      requirement,
      ...(agent_name === null ? {} : { agent_name }),
      agent_name_map,
      tags,
      priority,
      artifacts,
      guard: [this.ports.progress.buildIsCurrent(project_id, build_id)],
      log: (level, message) => {
        this.log(step, level, message);
      },
      signal: this.interruption.signal,
    };
  }

  private begin(step: BuildStep): Promise<void> {
    const at = this.ports.clock.timestamp();
    return this.store((whole) => {
      let stage = stageOf(whole, step);
      if (stage.status !== 'running') stage = startStage(stage, at);
      if (step.sub_stage) stage = startSubStage(stage, step.sub_stage, at);
      return {
        stage,
        project: { current_stage: step.stage, current_sub_stage: step.sub_stage ?? null },
        events: [stageEvent(step, 'running')],
      };
    });
  }

  private complete(step: BuildStep, result: StageResult): Promise<void> {
    const at = this.ports.clock.timestamp();
    const logs = this.takeLogs();
    return this.store((whole) => {
      const outcome = { ...result, artifacts: result.artifacts.map(({ path }) => path) };
      let stage = stageOf(whole, step);
      stage = step.sub_stage ? completeSubStage(stage, step.sub_stage, at, outcome) : completeStage(stage, at, outcome);
      const events = [...logs, stageEvent(step, 'completed')];
      if (step.sub_stage && allSubStagesCompleted(stage)) {
        stage = completeStage(stage, at);
        events.push(stageEvent({ stage: step.stage }, 'completed'));
      }
      const stages = whole.stages.map((one) => (one.stage_number === stage.stage_number ? stage : one));
      const change: ProgressChange = {
        stage,
        project: found(whole.project, result),
        events,
        artifacts: this.artifactsOf(step, result, at),
      };
      return nextStep(stages) ? change : this.completed(whole.project, change, at);
    });
  }

  /** The last step and the project's completion are one transaction: there is no completed step of an uncompleted project. */
  private completed(project: Project, change: ProgressChange, at: string): ProgressChange {
    const end = {
      status: 'completed' as const,
      at,
      duration_seconds: durationSeconds(project, at),
      stage: 'agent_deployer',
    };
    return {
      ...change,
      project: {
        ...change.project,
        status: 'completed',
        pause_requested: false,
        completed_at: at,
        current_sub_stage: null,
      },
      events: [...change.events, { event: 'done', status: 'completed', error_info: null }],
      with: [this.ports.builds.ended(project.build_id, end, this.owner)],
    };
  }

  private fail(step: BuildStep, error: unknown, isFinal: boolean): Promise<void> {
    const at = this.ports.clock.timestamp();
    const message = error instanceof DomainError ? error.message : 'The stage failed unexpectedly';
    if (!(error instanceof DomainError))
      this.logger.error({ msg: 'a stage runner failed', project_id: this.project.project_id, step, err: error });
    const logs = this.takeLogs();
    return this.store((whole) => {
      const stage = failStage(stageOf(whole, step), at, message);
      const events: ProjectEventBody[] = [
        ...logs,
        {
          event: 'log',
          stage_name: step.stage,
          level: isFinal ? 'error' : 'warning',
          message: isFinal ? message : `${message} (will be tried again)`,
        },
        stageEvent(step, 'failed'),
      ];
      if (!isFinal) return { stage, events };
      const error_info: ProjectErrorInfo = {
        code: 'BUILD_ERROR',
        stage: step.stage,
        message,
        ...(error instanceof DomainError ? { details: error.details } : {}),
      };
      const end = {
        status: 'failed' as const,
        at,
        duration_seconds: durationSeconds(whole.project, at),
        stage: step.stage,
      };
      return {
        stage,
        project: { status: 'failed', pause_requested: false, error_info, completed_at: at, current_sub_stage: null },
        events: [...events, { event: 'done', status: 'failed', error_info }],
        with: [this.ports.builds.ended(whole.project.build_id, end, this.owner)],
      };
    });
  }

  private async pause(): Promise<RunEnding> {
    await this.store((whole) => ({
      project: { status: 'paused', pause_requested: false },
      events: [],
      with: [this.ports.builds.paused(whole.project.build_id, this.owner)],
    }));
    return 'paused';
  }

  /** Decides on the state as it is now, and again when someone else (a pause, a rename) changed it in between. */
  private async store(decide: (whole: ProjectWhole) => ProgressChange): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const change = decide(this.whole);
      const fence = change.with ?? [this.ports.builds.leaseIsHeld(this.project.build_id, this.owner)];
      try {
        this.whole = await this.ports.progress.store(this.whole, { ...change, with: fence });
        return;
      } catch (error) {
        if (!(error instanceof ProjectChangedError) || attempt === STORE_ATTEMPTS) throw error;
        await this.reload();
      }
    }
  }

  private async reload(): Promise<void> {
    const { project_id, build_id } = this.project;
    const [whole, build] = await Promise.all([
      this.ports.progress.read(project_id),
      this.ports.builds.findById(build_id),
    ]);
    const isOurs =
      whole &&
      !whole.deleting &&
      whole.project.build_id === build_id &&
      whole.project.status === 'building' &&
      build?.lease_owner === this.owner;
    if (!isOurs) throw new BuildSupersededError(project_id, build_id);
    this.whole = whole;
  }

  /** Log lines are shown while the step runs, but never two writes at once: what comes meanwhile goes with the next. */
  private log(step: BuildStep, level: LogLevel, message: string): void {
    this.pendingLogs.push({ event: 'log', stage_name: step.stage, level, message });
    this.flushTimer ??= setTimeout(() => {
      this.flushing = this.flushLogs();
    }, LOG_FLUSH_MS);
  }

  private async flushLogs(): Promise<void> {
    try {
      const logs = this.takeLogs();
      if (logs.length > 0) await this.store(() => ({ events: logs }));
    } catch (error) {
      this.logger.debug({ msg: 'log lines of a build were not stored', err: error });
    } finally {
      this.flushTimer = undefined;
    }
  }

  /** Before a step's end is stored: no log write under way, what is left goes with the step's own write. */
  private async settleLogs(): Promise<void> {
    if (!this.flushing) clearTimeout(this.flushTimer);
    await this.flushing;
    this.flushing = undefined;
    this.flushTimer = undefined;
  }

  private takeLogs(): ProjectEventBody[] {
    return this.pendingLogs.splice(0, MAX_LOGS_A_WRITE);
  }

  private artifactsOf(step: BuildStep, result: StageResult, at: string): Artifact[] {
    const { project_id, org_id, attempt } = this.project;
    return result.artifacts.map(({ path, content_type, content }) => {
      const size_bytes = Buffer.byteLength(content);
      if (size_bytes > ARTIFACT_MAX_BYTES)
        throw new BuildFault(`The artifact ${path} is larger than ${ARTIFACT_MAX_BYTES} bytes`);
      return {
        project_id,
        org_id,
        path,
        stage_name: step.stage,
        attempt,
        content_type,
        content,
        size_bytes,
        created_at: at,
      };
    });
  }
}

const LOG_FLUSH_MS = 250;
/** Stays below the 100 items of a transaction together with the stage, the project and the artifacts. */
const MAX_LOGS_A_WRITE = 40;

function stageOf(whole: ProjectWhole, { stage }: BuildStep): Stage {
  const found = whole.stages.find(({ stage_name }) => stage_name === stage);
  if (!found) throw new BuildFault(`The project has no stage ${stage}`);
  return found;
}

function stageEvent({ stage, sub_stage }: BuildStep, status: string): ProjectEventBody {
  return { event: 'stage', stage_name: stage, sub_stage_name: sub_stage ?? null, status };
}

function allSubStagesCompleted(stage: Stage): boolean {
  return Object.values(stage.sub_stages ?? {}).every(({ status }) => status === 'completed');
}

/** What a step may find out for the project: its name unless the caller gave one, its agent's name, its agents. */
function found(project: Project, result: StageResult): Partial<Project> {
  const isNamedByCaller = project.project_name !== nameFromRequirement(project.requirement);
  return {
    ...(result.project_name === undefined || isNamedByCaller ? {} : { project_name: result.project_name }),
    ...(result.agent_name === undefined ? {} : { agent_name: result.agent_name }),
    ...(result.agent_ids === undefined ? {} : { agents: result.agent_ids }),
  };
}

function durationSeconds(project: Project, at: string): number {
  return elapsedMs(project.started_at ?? project.created_at, at) / 1000;
}

function isTransient(error: unknown): boolean {
  return error instanceof BuildFault && error.transient;
}
