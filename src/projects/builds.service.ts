import { Injectable } from '@nestjs/common';
import { FactSource, GaugeSource, type BuildFact, type Fact } from '../statistics/fact.js';
import type { GaugeName } from '../statistics/counter-row.js';
import { type Build, BUILD_KIND, type BuildEnd, type EarlierBuild } from './build.js';
import { BuildsRepository } from './builds.repository.js';
import { Engine, type EngineChange } from '../engine/engine.js';
import { Settings } from '../platform/config/settings.js';
import { UnitOfWork, type Write } from '../platform/database/unit-of-work.js';
import { eventWrite } from '../platform/events/platform-events.repository.js';
import { Clock, elapsedMs } from '../shared/clock.js';
import { ArchivedDeletion, type Deletable } from '../statistics/archived-deletion.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import type { Project } from './project.js';

/** Ended builds as facts for the statistics. A stopped build counts as failed: it ended without an agent. */
@Injectable()
export class BuildFacts extends FactSource {
  override readonly name = 'builds';

  constructor(private readonly repository: BuildsRepository) {
    super();
  }

  override async uncounted(limit: number) {
    const builds = await this.repository.listUncounted(limit);
    return builds.map((build) => ({
      fact: buildFact(build),
      record: build.build_id,
      mark: this.repository.counted(build.build_id),
    }));
  }

  override async *all(): AsyncGenerator<Fact & { counted: boolean }> {
    for await (const build of this.repository.all()) {
      if (build.ended_at !== undefined) yield { ...buildFact(build), counted: build.uncounted === undefined };
    }
  }
}

/** An ended build as the statistics see it. */
function buildFact(build: Build): BuildFact {
  return {
    kind: 'build',
    org_id: build.org_id,
    occurred_at: build.ended_at ?? build.created_at,
    outcome: build.status === 'completed' ? 'successful' : 'failed',
    duration_seconds: build.duration_seconds ?? 0,
    stage: build.stage ?? 'orchestrator',
  };
}

/** Every build ever started, for the recount of `builds_started`. */
@Injectable()
export class BuildGauges extends GaugeSource {
  constructor(private readonly repository: BuildsRepository) {
    super();
  }

  override async *recount(): AsyncGenerator<{ org_id: string; name: GaugeName }> {
    for await (const { org_id } of this.repository.all()) yield { org_id, name: 'builds_started' };
  }
}

/** The queue order of version 1.0.0 began with how far the priority was below this. */
const HIGHEST_PRIORITY = 9;

/** The start of a build, for the transaction of its project. */
export interface BuildPlan extends EngineChange {
  /** `building` if this process has a free slot, else `pending`. */
  status: 'pending' | 'building';
}

/**
 * Builds as projects see them: starting and ending them, in the project's own transactions. The run of the engine has the id
 * of the build. A paused build has no run: resuming it starts a new one.
 */
@Injectable()
export class BuildsService {
  constructor(
    private readonly repository: BuildsRepository,
    private readonly engine: Engine,
    private readonly aggregator: StatisticsAggregator,
    private readonly archived: ArchivedDeletion,
    private readonly unit: UnitOfWork,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** A new attempt. `project` is the project as it will be stored. */
  start(project: Project, created_at: string): BuildPlan {
    const { build_id, project_id, org_id } = project;
    const plan = this.resume(project);
    return {
      ...plan,
      writes: [...plan.writes, this.repository.creation({ build_id, project_id, org_id, created_at })],
    };
  }

  /** Continues a paused attempt. */
  resume({ build_id, org_id, project_id, priority }: Project): BuildPlan {
    const plan = this.engine.plan({ kind: BUILD_KIND, run_id: build_id, org_id, project_id, priority });
    return { ...plan, status: plan.starts_now ? 'building' : 'pending' };
  }

  /** Pauses a build that waits for a slot. */
  suspend({ build_id }: Project): EngineChange {
    return this.engine.end(build_id);
  }

  /** Ends a build that is stopped. A running step of this process is interrupted at once. @param project as it is stored with the end */
  stop(project: Project, at: string): EngineChange {
    const end = stopAt(project, at);
    return this.cancel(project, this.ended(project, end));
  }

  /** Ends the build of a project that is being deleted, without an event. */
  abandon(project: Project, at: string): EngineChange {
    return this.cancel(project, [this.repository.ended(project.build_id, stopAt(project, at))]);
  }

  /**
   * The end of an attempt with its event, for the transaction that ends its run.
   * @param project as it is stored with the end
   */
  ended(project: Project, end: BuildEnd): Write[] {
    const { build_id, org_id, project_id, project_name, agents, error_info } = project;
    const { status, at, duration_seconds, stage } = end;
    const event = eventWrite({
      ...{ id: `build.${status} ${build_id}`, org_id, type: `build.${status}`, at, depth: 0 },
      data: {
        ...{ build_id, project_id, project_name, status, stage, duration_seconds, agents },
        error: status === 'completed' ? null : error_info,
      },
    });
    return [this.repository.ended(build_id, end), event];
  }

  /** The project of a build attempt. */
  async findProject(build_id: string): Promise<string | undefined> {
    return (await this.repository.findById(build_id))?.project_id;
  }

  /** Takes over builds in the queue of version 1.0.0, except those that a process of that version is running. */
  async adoptEarlier(): Promise<void> {
    const noOtherProcessCanHoldALease = this.settings.get('NEXUS_DATABASE') === 'embedded';
    const now = this.clock.timestamp();
    for (const queue of ['RUNNING', 'QUEUED'] as const)
      for await (const build of this.repository.listEarlier(queue)) {
        const { lease_expires_at = '' } = build;
        if (noOtherProcessCanHoldALease || lease_expires_at <= now) await this.adopt(build);
      }
  }

  /**
   * Deletes the build attempts of a project; their statistics stay in the archive. All have ended by then:
   * marking the project ended the last one. Safe to repeat after a crash.
   */
  async deleteByProject(project_id: string): Promise<void> {
    await this.archived.deleteAll(async (): Promise<Deletable[]> => {
      const builds = await this.repository.listForDeletion(project_id);
      return builds.map((build) => ({
        fact: { ...buildFact(build), counted: build.uncounted === undefined },
        deletion: this.repository.deletion(build),
      }));
    });
  }

  private cancel({ build_id }: Project, writes: Write[]): EngineChange {
    const end = this.engine.end(build_id);
    return {
      ...end,
      writes: [...writes, ...end.writes],
      committed: () => {
        end.committed();
        this.aggregator.kick();
      },
    };
  }

  private async adopt(build: EarlierBuild): Promise<void> {
    const { build_id, org_id, queue_order } = build;
    const priority = HIGHEST_PRIORITY - Number(queue_order.slice(0, 1));
    const plan = this.engine.plan({ kind: BUILD_KIND, run_id: build_id, org_id, priority });
    let isAdopted = false;
    try {
      isAdopted = await this.unit.tryCommit([this.repository.adopted(build), ...plan.writes]);
    } finally {
      if (isAdopted) plan.committed();
      else plan.abandoned();
    }
  }
}

function stopAt({ started_at, current_stage }: Project, at: string): BuildEnd {
  const duration_seconds = started_at === null ? 0 : elapsedMs(started_at, at) / 1000;
  return { status: 'stopped', at, duration_seconds, stage: current_stage ?? 'orchestrator' };
}
