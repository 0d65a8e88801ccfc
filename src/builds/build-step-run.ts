import {
  type LogLevel,
  type ProjectEventBody,
  changesOf,
  type Project,
  type ProjectWhole,
  wholeRequirement,
} from '../projects/project.js';
import { type StageName, PATHS, type StageStatus } from '../stages/stage.js';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { BudgetsService } from '../budgets/budgets.service.js';
import { RunLostError, type StepRun } from '../engine/workflow-kind.js';
import { lazily } from '../platform/async/lazily.js';
import { Settings } from '../platform/config/settings.js';
import { BuildsService } from '../projects/builds.service.js';
import { ProjectProgressService } from '../projects/project-progress.service.js';
import { revisionBriefSchema } from '../projects/project-revision.js';
import { ProjectChangedError } from '../projects/projects.errors.js';
import { Clock } from '../shared/clock.js';
import { DatabaseUnavailableError, DomainError } from '../shared/domain-error.js';
import { BuildObservation } from './build-observation.js';
import { type BuildStep, statusOf, begun, completed, failed, taken, type Transition } from './build-transitions.js';
import {
  addSpent,
  BuildFault,
  BuildSteps,
  NOTHING_SPENT,
  type Spent,
  type StepContext,
  type StepResult,
} from './step/step.js';

/** How long lines are collected before they are stored, in milliseconds: watchers see them soon, and a burst costs one write. */
const FLUSH_MS = 250;
/** Stays below the 100 items of a transaction together with the stage, the project and the artifacts. */
const LINES_A_WRITE = 40;

/**
 * Log lines of a running step. They are stored while the step runs, but never two writes at once; the rest is
 * stored with the step's own write.
 */
class BuildLog {
  private readonly lines: ProjectEventBody[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(private readonly store: (lines: ProjectEventBody[]) => Promise<void>) {}

  add(stage_name: StageName, level: LogLevel, message: string): void {
    this.lines.push({ event: 'log', stage_name, level, message });
    this.timer ??= setTimeout(() => {
      this.flushing = this.flush();
    }, FLUSH_MS);
  }

  /** Afterwards no write is in progress, and none starts before the next line. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.flushing;
  }

  /** The oldest lines, for the caller's own write. */
  take(): ProjectEventBody[] {
    return this.lines.splice(0, LINES_A_WRITE);
  }

  private async flush(): Promise<void> {
    try {
      const lines = this.take();
      if (lines.length > 0) await this.store(lines);
    } finally {
      this.timer = undefined;
      this.flushing = undefined;
    }
  }
}

/** How long to wait before each retry of a step that failed for a passing reason, in milliseconds. */
const RETRY_WAITS_MS = [500, 2_000, 8_000, 30_000];
/** Longest wait for one retry, whatever the provider asks for. */
const LONGEST_WAIT_MS = 120_000;
/** After the wait that a provider or its circuit breaker requires. */
const MARGIN_MS = 500;
const STORE_ATTEMPTS = 10;

/** Runs single steps of builds. */
@Injectable()
export class BuildStepRuns {
  readonly steps = lazily(async () => {
    const { BuildStepsModule } = await import('./build-steps.module.js');
    return (await this.modules.load(() => BuildStepsModule)).get(BuildSteps);
  });

  constructor(
    readonly progress: ProjectProgressService,
    readonly builds: BuildsService,
    readonly observation: BuildObservation,
    readonly budgets: BudgetsService,
    readonly clock: Clock,
    private readonly settings: Settings,
    private readonly modules: LazyModuleLoader,
  ) {}

  /**
   * Takes one step to its end, with its retries. @returns the project afterwards, which may have failed
   * @throws DatabaseUnavailableError when the database is unavailable: the build is unchanged and retried later.
   */
  async take(whole: ProjectWhole, step: BuildStep, run: StepRun): Promise<ProjectWhole> {
    return new BuildStepRun(whole, run, this).take(step);
  }

  /** Pauses a build between two steps, as requested. @returns the project afterwards */
  async pause(whole: ProjectWhole, run: StepRun): Promise<ProjectWhole> {
    return new BuildStepRun(whole, run, this).pause();
  }

  /** Holds each step back by `BUILD_STAGE_PAUSE_MS` (0 unless set), so that a person can follow a build that takes milliseconds. */
  async pace(signal: AbortSignal): Promise<void> {
    const pause = this.settings.get('BUILD_STAGE_PAUSE_MS');
    if (pause > 0) await delay(pause, undefined, { signal });
  }
}

/**
 * One step of one build. Every transition is stored before the next begins, under two conditions: the project is unchanged
 * since it was read, and the fence of the engine. So a process that was thought dead cannot write over the one that took its
 * build.
 */
class BuildStepRun {
  private readonly logger = new Logger(BuildStepRun.name);
  private readonly log = new BuildLog((events) => this.storeLog(events));
  /** Usage of the current attempt, whether it succeeds or fails. */
  private spent: Spent = NOTHING_SPENT;

  constructor(
    private whole: ProjectWhole,
    private readonly run: StepRun,
    private readonly services: BuildStepRuns,
  ) {}

  async take(step: BuildStep): Promise<ProjectWhole> {
    if (this.project.status === 'pending') await this.store((whole) => taken(whole, this.now()));
    await this.services.pace(this.run.signal);
    for (let tries = 0; ; tries++) {
      await this.storeStatus(step, 'running', (whole) => begun(whole, step, this.now()));
      this.spent = NOTHING_SPENT;
      try {
        const result = await this.services.observation.step(step, () => this.execute(step));
        const logs = this.log.take();
        await this.storeStatus(step, 'completed', (whole) => completed(whole, step, result, logs, this.now()));
        return this.whole;
      } catch (error) {
        if (this.isNotTheStepsFault(error)) throw error;
        const wait = retryWait(error, tries);
        await this.fail(step, error, wait === undefined);
        if (wait === undefined) return this.whole;
        await delay(wait, undefined, { signal: this.run.signal });
      }
    }
  }

  async pause(): Promise<ProjectWhole> {
    const project = { status: 'paused' as const, pause_requested: false };
    await this.store(() => ({ change: { project, events: [] }, isOver: true }));
    return this.whole;
  }

  private get project(): Project {
    return this.whole.project;
  }

  private async execute(step: BuildStep): Promise<StepResult> {
    const { org_id, project_id } = this.project;
    const stored = await this.services.progress.contents(org_id, project_id);
    this.run.signal.throwIfAborted();
    try {
      const steps = await this.services.steps();
      const result = await steps.run(step, this.context(step, stored));
      this.run.signal.throwIfAborted();
      return result;
    } finally {
      await this.log.settle();
    }
  }

  private context(step: BuildStep, stored: ReadonlyMap<string, string>): StepContext {
    const { project_id, build_id, agent_name: chosen, ...project } = this.project;
    const brief = project.revision ? stored.get(PATHS.revision) : undefined;
    const revision = brief === undefined ? undefined : revisionBriefSchema.parse(JSON.parse(brief));
    const agent_name = revision?.definition.agent_name ?? chosen;
    const changes = changesOf(this.project);
    // Excludes artifacts that only an earlier attempt created.
    const made = new Set(this.whole.stages.flatMap(({ artifacts }) => artifacts));
    return {
      org_id: project.org_id,
      user_id: project.user_id,
      project_id,
      build_id,
      project_name: project.project_name,
      requirement: wholeRequirement(this.project),
      ...(changes.length > 0 ? { changes } : {}),
      ...(revision ? { revision } : {}),
      ...(agent_name === null ? {} : { agent_name }),
      agent_name_map: project.agent_name_map,
      tags: project.tags,
      priority: project.priority,
      model_id: project.model_id ?? null,
      accept_unproven: project.accept_unproven ?? false,
      meter: (model) =>
        this.services.budgets.metered(model, {
          ...{ org_id: project.org_id, project_id },
          key_id: project.key_id ?? undefined,
        }),
      artifacts: new Map([...stored].filter(([path]) => made.has(path))),
      guard: [this.services.progress.buildIsCurrent(project_id, build_id)],
      spend: (one) => {
        this.spent = addSpent(this.spent, one);
      },
      log: (level, message) => {
        this.log.add(step.stage, level, message);
      },
      signal: this.run.signal,
    };
  }

  private async fail(step: BuildStep, error: unknown, isFinal: boolean): Promise<void> {
    if (!(error instanceof DomainError))
      this.logger.error({ msg: 'a build step failed', project_id: this.project.project_id, step, err: error });
    const logs = this.log.take();
    const { spent } = this;
    await this.storeStatus(step, 'failed', (whole) => failed(whole, step, { error, isFinal, spent }, logs, this.now()));
  }

  /** A line that cannot be stored is dropped; the build continues. */
  private async storeLog(events: Transition['change']['events']): Promise<void> {
    try {
      await this.store(() => ({ change: { events } }));
    } catch (error) {
      this.logger.debug({ msg: 'log lines of a build could not be stored', err: error });
    }
  }

  /**
   * Only the owner of the run changes the status of a step. A database that was killed before it answered has stored the transition, and
   * refuses its repeat: that is no other writer.
   */
  private storeStatus(
    step: BuildStep,
    status: StageStatus,
    decide: (whole: ProjectWhole) => Transition,
  ): Promise<void> {
    return this.store(decide, ({ stages }) => statusOf(stages, step) === status);
  }

  /** Decides on the current state, and again if another writer (a pause, a log line) changed it meanwhile. */
  private async store(
    decide: (whole: ProjectWhole) => Transition,
    isStored: (whole: ProjectWhole) => boolean = () => false,
  ): Promise<void> {
    const { progress, builds } = this.services;
    for (let attempt = 1; ; attempt++) {
      const { change, end, isOver = false } = decide(this.whole);
      const fence = end || isOver ? this.run.fence.ends() : this.run.fence.holds();
      const ended = end ? builds.ended({ ...this.project, ...change.project }, end) : [];
      try {
        this.whole = await progress.store(this.whole, { ...change, with: [...ended, ...fence] });
        return;
      } catch (error) {
        if (!(error instanceof ProjectChangedError) || attempt === STORE_ATTEMPTS) throw error;
        await this.reload();
        if (isStored(this.whole)) return;
      }
    }
  }

  private async reload(): Promise<void> {
    const { project_id, build_id, status } = this.project;
    const whole = await this.services.progress.read(project_id);
    const isStillOurs = whole?.project.build_id === build_id && whole.project.status === status && !whole.deleting;
    if (!isStillOurs) throw new RunLostError(build_id);
    this.whole = whole;
  }

  private isNotTheStepsFault(error: unknown): boolean {
    const isElsewhere = error instanceof RunLostError || error instanceof DatabaseUnavailableError;
    return isElsewhere || this.run.signal.aborted;
  }

  private now(): string {
    return this.services.clock.timestamp();
  }
}

/**
 * Milliseconds until a step is retried, undefined when it is not. At least as long as the model provider or its circuit breaker
 * requires, so that a build survives an outage.
 */
export function retryWait(error: unknown, tries: number): number | undefined {
  const wait = RETRY_WAITS_MS[tries];
  if (!(error instanceof BuildFault) || !error.transient || wait === undefined) return undefined;
  const rest_ms = Number(error.details['retry_after_seconds'] ?? 0) * 1000;
  return rest_ms === 0 ? wait : Math.min(LONGEST_WAIT_MS, Math.max(wait, rest_ms + MARGIN_MS));
}
