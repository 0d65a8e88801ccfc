import { Logger } from '@nestjs/common';
import type { Project, ProjectWhole } from '../projects/project.js';
import { BuildSupersededError, ProjectChangedError } from '../projects/projects.errors.js';
import { DatabaseUnavailableError, DomainError } from '../shared/domain-error.js';
import { type BuildStep, nextStep, type RunEnding } from './build.js';
import { BuildLog } from './build-log.js';
import type { BuildObservation } from './build-observation.js';
import type { BuildRunPorts } from './build-run-ports.js';
import { begun, completed, failed, type Transition } from './build-transitions.js';
import { BuildFault } from './step/step.js';
import type { StepContext, StepResult } from './step/step.js';

/** How long to wait before each retry of a step that failed for a passing reason, in milliseconds. */
const RETRY_WAITS_MS = [500, 2_000, 8_000];
const STORE_ATTEMPTS = 10;

/**
 * Takes one build from its first unfinished step to its end. Every transition is stored before the next begins, under two
 * conditions: the project is unchanged since it was read, and the lease is still ours. So a run whose process was thought
 * dead cannot write over the one that took its build.
 */
export class BuildRun {
  private readonly logger = new Logger(BuildRun.name);
  private readonly interruption = new AbortController();
  private readonly log = new BuildLog((events) => this.storeLog(events));

  constructor(
    private whole: ProjectWhole,
    private readonly owner: string,
    private readonly ports: BuildRunPorts,
    private readonly observation: BuildObservation,
  ) {}

  get project(): Project {
    return this.whole.project;
  }

  /** Asks the running step to give up. What it still returns is not stored. */
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
      await this.store((whole) => begun(whole, step, this.now()));
      try {
        const result = await this.observation.step(step, () => this.execute(step));
        const logs = this.log.take();
        await this.store((whole) => completed(whole, step, result, logs, this.now()));
        return true;
      } catch (error) {
        if (this.isNotTheStepsFault(error)) throw error;
        const wait = isTransient(error) ? RETRY_WAITS_MS[tries] : undefined;
        await this.fail(step, error, wait === undefined);
        if (wait === undefined) return false;
        await this.ports.wait(wait, this.interruption.signal);
      }
    }
  }

  private async execute(step: BuildStep): Promise<StepResult> {
    const { org_id, project_id } = this.project;
    const stored = await this.ports.progress.contents(org_id, project_id);
    this.interruption.signal.throwIfAborted();
    try {
      const result = await this.ports.steps.run(step, this.context(step, stored));
      this.interruption.signal.throwIfAborted();
      return result;
    } finally {
      await this.log.settle();
    }
  }

  private context(step: BuildStep, stored: ReadonlyMap<string, string>): StepContext {
    const { project_id, build_id, agent_name, ...project } = this.project;
    // What an earlier attempt made and this one has not is not of this build.
    const made = new Set(this.whole.stages.flatMap(({ artifacts }) => artifacts));
    return {
      org_id: project.org_id,
      user_id: project.user_id,
      project_id,
      build_id,
      project_name: project.project_name,
      requirement: project.requirement,
      ...(agent_name === null ? {} : { agent_name }),
      agent_name_map: project.agent_name_map,
      tags: project.tags,
      priority: project.priority,
      model_id: project.model_id ?? null,
      artifacts: new Map([...stored].filter(([path]) => made.has(path))),
      guard: [this.ports.progress.buildIsCurrent(project_id, build_id)],
      log: (level, message) => {
        this.log.add(step.stage, level, message);
      },
      signal: this.interruption.signal,
    };
  }

  private async fail(step: BuildStep, error: unknown, isFinal: boolean): Promise<void> {
    if (!(error instanceof DomainError))
      this.logger.error({ msg: 'a build step failed', project_id: this.project.project_id, step, err: error });
    const logs = this.log.take();
    await this.store((whole) => failed(whole, step, { error, isFinal }, logs, this.now()));
  }

  private async pause(): Promise<RunEnding> {
    const pausing = [this.ports.builds.paused(this.project.build_id, this.owner)];
    const project = { status: 'paused' as const, pause_requested: false };
    await this.store(() => ({ change: { project, events: [], with: pausing } }));
    return 'paused';
  }

  /** A line that cannot be stored is lost, a build is not. */
  private async storeLog(events: Transition['change']['events']): Promise<void> {
    try {
      await this.store(() => ({ change: { events } }));
    } catch (error) {
      this.logger.debug({ msg: 'log lines of a build were not stored', err: error });
    }
  }

  /** Decides on the state as it is now, and again when someone else (a pause, a log line) changed it in between. */
  private async store(decide: (whole: ProjectWhole) => Transition): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { change, end } = decide(this.whole);
      try {
        this.whole = await this.ports.progress.store(this.whole, { ...change, with: change.with ?? this.fence(end) });
        return;
      } catch (error) {
        if (!(error instanceof ProjectChangedError) || attempt === STORE_ATTEMPTS) throw error;
        await this.reload();
      }
    }
  }

  /** The condition that the lease is ours: of its own, or of the write that ends the build. */
  private fence(end: Transition['end']) {
    const { build_id } = this.project;
    const { builds } = this.ports;
    return [end ? builds.ended(build_id, end, this.owner) : builds.leaseIsHeld(build_id, this.owner)];
  }

  private async reload(): Promise<void> {
    const { project_id, build_id } = this.project;
    const { progress, builds } = this.ports;
    const [whole, build] = await Promise.all([progress.read(project_id), builds.findById(build_id)]);
    const isStillRunning = whole?.project.build_id === build_id && whole.project.status === 'building';
    const isOurs = build?.lease_owner === this.owner;
    if (!whole || whole.deleting || !isStillRunning || !isOurs) throw new BuildSupersededError(project_id, build_id);
    this.whole = whole;
  }

  private isNotTheStepsFault(error: unknown): boolean {
    const isElsewhere = error instanceof BuildSupersededError || error instanceof DatabaseUnavailableError;
    return isElsewhere || this.interruption.signal.aborted;
  }

  private now(): string {
    return this.ports.clock.timestamp();
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof BuildFault && error.transient;
}
