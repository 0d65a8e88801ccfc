import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { BuildEngine, type BuildPlan } from '../projects/build-engine.port.js';
import type { Project, ProjectWhole } from '../projects/project.js';
import { BuildSupersededError, ProjectChangedError } from '../projects/projects.errors.js';
import { elapsedMs } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { type Build, queueOrder } from './build.js';
import { BuildObservation } from './build-observation.js';
import { BuildRun } from './build-run.js';
import { BuildRunPorts } from './build-run-ports.js';
import type { Lease } from './builds.repository.js';

const QUEUE_BATCH = 25;
const SHUTDOWN_WAIT_MS = 5_000;

/**
 * Runs builds in this process, at most `BUILD_SLOTS` at a time. A running build is leased for `ENGINE_LEASE_SECONDS` and its
 * lease renewed every `ENGINE_HEARTBEAT_SECONDS`; every `ENGINE_REAPER_SECONDS` each process looks for builds whose lease ran
 * out and goes on with them. With the defaults (30, 10, 15) a build whose process was killed goes on within 45 seconds; on
 * the embedded database, which only one process can hold, at once when that process starts again.
 */
@Injectable()
export class EmbeddedBuildEngine extends BuildEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(EmbeddedBuildEngine.name);
  private readonly owner: string;
  private readonly runs = new Map<string, { run: BuildRun; ended: Promise<void> }>();
  private reserved = 0;
  private isStopping = false;
  private reaper: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;
  private sweepsAgain = false;

  constructor(
    private readonly ports: BuildRunPorts,
    private readonly aggregator: StatisticsAggregator,
    private readonly settings: Settings,
    ids: Ids,
    private readonly observation: BuildObservation,
  ) {
    super();
    this.owner = ids.next('lease');
  }

  onApplicationBootstrap(): void {
    const noOtherProcessCanHoldALease = this.settings.get('NEXUS_DATABASE') === 'embedded';
    this.sweep(noOtherProcessCanHoldALease);
    this.reaper = setInterval(
      () => {
        this.sweep(false);
      },
      this.settings.get('ENGINE_REAPER_SECONDS') * 1000,
    );
    this.reaper.unref();
  }

  /** Running steps are interrupted and their leases given back, so that another process or the next start goes on with them. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.reaper);
    await this.sweeping;
    for (const { run } of this.runs.values()) run.interrupt(new Error('The process is shutting down'));
    const allEnded = Promise.all([...this.runs.values()].map(({ ended }) => ended));
    const patience = new AbortController();
    await Promise.race([allEnded, this.ports.wait(SHUTDOWN_WAIT_MS, patience.signal).catch(() => undefined)]);
    patience.abort();
  }

  /** Builds that run in this process now. */
  get running(): number {
    return this.runs.size;
  }

  override plan(project: Project): BuildPlan {
    const at = this.ports.clock.timestamp();
    const { build_id, project_id, org_id, priority } = project;
    const build = { build_id, project_id, org_id, queue_order: queueOrder(priority, at), created_at: at };
    if (this.freeSlots() <= 0) {
      // A slot may have become free while this was being stored.
      const started = (): void => {
        this.sweep(false);
      };
      return { status: 'pending', items: [this.ports.builds.queued(build)], started, abandoned: () => undefined };
    }
    this.reserved++;
    return {
      status: 'building',
      items: [this.ports.builds.running(build, this.lease(), at)],
      started: ({ project_id: id }) => {
        this.reserved--;
        void this.startStored(id);
      },
      abandoned: () => {
        this.reserved--;
      },
    };
  }

  override cancellation(project: Project, at: string): Write[] {
    const duration_seconds = project.started_at === null ? 0 : elapsedMs(project.started_at, at) / 1000;
    return [
      this.ports.builds.ended(project.build_id, {
        status: 'stopped',
        at,
        duration_seconds,
        stage: project.current_stage ?? 'orchestrator',
      }),
    ];
  }

  override suspension(project: Project): Write[] {
    return [this.ports.builds.paused(project.build_id)];
  }

  override interrupt(project: Project): void {
    this.runs.get(project.build_id)?.run.interrupt(new BuildSupersededError(project.project_id, project.build_id));
    this.aggregator.kick();
  }

  private freeSlots(): number {
    return this.isStopping ? 0 : this.settings.get('BUILD_SLOTS') - this.runs.size - this.reserved;
  }

  private lease(): Lease {
    const expires = this.ports.clock.now().getTime() + this.settings.get('ENGINE_LEASE_SECONDS') * 1000;
    return { owner: this.owner, expires_at: new Date(expires).toISOString() };
  }

  private async startStored(project_id: string): Promise<void> {
    try {
      const whole = await this.ports.progress.read(project_id);
      if (whole && !whole.deleting && whole.project.status === 'building') this.start(whole);
    } catch (error) {
      this.logger.error({ msg: 'a build could not be started, the reaper takes it up', project_id, err: error });
    }
  }

  private start(whole: ProjectWhole): void {
    const { build_id } = whole.project;
    if (this.runs.has(build_id)) return;
    const run = new BuildRun(whole, this.owner, this.ports, this.observation);
    const heartbeat = setInterval(
      () => {
        void this.renew(build_id, run);
      },
      this.settings.get('ENGINE_HEARTBEAT_SECONDS') * 1000,
    );
    heartbeat.unref();
    const ended = this.observation
      .run(whole.project, () => this.follow(run))
      .finally(() => {
        clearInterval(heartbeat);
        this.runs.delete(build_id);
        this.aggregator.kick();
        if (!this.isStopping) this.sweep(false);
      });
    this.runs.set(build_id, { run, ended });
  }

  private async follow(run: BuildRun): Promise<void> {
    const { build_id, project_id } = run.project;
    try {
      const ending = await run.run();
      this.observation.ended(ending === 'ended' ? endOf(run.project) : ending);
      this.logger.log({ msg: 'build run over', project_id, build_id, ending, status: run.project.status });
      if (ending === 'superseded') await this.release(build_id);
    } catch (error) {
      this.observation.ended('broken');
      this.logger.error({
        msg: 'build run broke off, the reaper takes the build up again',
        project_id,
        build_id,
        err: error,
      });
    }
  }

  private async release(build_id: string): Promise<void> {
    await this.ports.builds.release(build_id, this.owner, this.ports.clock.timestamp()).catch((error: unknown) => {
      this.logger.warn({ msg: 'a lease could not be given back, it runs out by itself', build_id, err: error });
    });
  }

  private async renew(build_id: string, run: BuildRun): Promise<void> {
    try {
      const isHeld = await this.ports.builds.renew(build_id, this.lease());
      if (!isHeld) run.interrupt(new BuildSupersededError(run.project.project_id, build_id));
    } catch (error) {
      this.logger.warn({ msg: 'a heartbeat failed', build_id, err: error });
    }
  }

  /**
   * One sweep at a time; fills free slots from abandoned builds first, then from the queue. What asks for a sweep while one
   * is under way gets another one after it, because the first may have looked at the queue already.
   */
  private sweep(takeAll: boolean): void {
    if (this.sweeping) {
      this.sweepsAgain = true;
      return;
    }
    this.sweepsAgain = false;
    this.sweeping = this.fillSlots(takeAll)
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'the queue could not be read, the next sweep tries again', err: error });
      })
      .finally(() => {
        this.sweeping = undefined;
        if (this.sweepsAgain && !this.isStopping) this.sweep(false);
      });
  }

  private async fillSlots(takeAll: boolean): Promise<void> {
    const now = this.ports.clock.timestamp();
    for await (const build of this.ports.builds.listRunning()) {
      if (this.freeSlots() <= 0) return;
      const isAbandoned = takeAll || (build.lease_expires_at ?? '') <= now;
      if (isAbandoned && !this.runs.has(build.build_id)) await this.claim(build);
    }
    if (this.freeSlots() <= 0) return;
    for (const build of await this.ports.builds.listQueued(QUEUE_BATCH)) {
      if (this.freeSlots() <= 0) return;
      await this.claim(build);
    }
  }

  private async claim(build: Build): Promise<void> {
    const whole = await this.ports.progress.read(build.project_id);
    const { project } = whole ?? {};
    const isWaiting =
      project &&
      !whole?.deleting &&
      project.build_id === build.build_id &&
      (project.status === 'pending' || project.status === 'building');
    if (!whole || !project || !isWaiting) {
      await this.ports.builds.drop(build);
      return;
    }
    const at = this.ports.clock.timestamp();
    this.reserved++;
    try {
      const claimed = await this.ports.progress.store(whole, {
        project: { status: 'building', started_at: project.started_at ?? at },
        events: [],
        with: [this.ports.builds.claimed(build, this.lease(), at)],
      });
      this.start(claimed);
    } catch (error) {
      if (!(error instanceof ProjectChangedError)) throw error;
    } finally {
      this.reserved--;
    }
  }
}

/** A run that reached its build's end says by the project how. */
function endOf({ status }: Project): 'completed' | 'failed' {
  return status === 'completed' ? 'completed' : 'failed';
}
