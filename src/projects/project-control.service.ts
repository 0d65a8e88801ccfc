import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import type { EngineChange } from '../engine/engine.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { InvalidStateError, ValidationError } from '../shared/domain-error.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { failStage } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { type BuildPlan, BuildsService } from './builds.service.js';
import {
  assertControllable,
  type ControlAction,
  revised,
  type RestartOptions,
  type Project,
  type ProjectWhole,
  restarted,
  visibleStatus,
  type ProjectEventBody,
} from './project.js';
import { type ProjectChange, ProjectsRepository } from './projects.repository.js';
import { ArtifactsRepository } from './builds.repository.js';
import { revisionArtifact } from './project-revision.js';

import { retryOn } from '../platform/async/retry.js';
import { ProjectNotifier } from './project-progress.service.js';
import { ProjectChangedError, ProjectNotFoundError } from './projects.errors.js';

export interface ControlRequest extends RestartOptions {
  action: ControlAction;
  reason?: string | undefined;
}

/** A change to an agent of a project. */
export interface RevisionRequest {
  change: string;
  /** Needed when the project has several agents. */
  agent_id?: string | undefined;
  accept_unproven?: boolean | undefined;
}

interface ControlledChange {
  change: ProjectChange;
  engine?: EngineChange;
}

/** Pause, resume, stop and restart. Each is decided on the current state and stored on condition that the state is unchanged. */
@Injectable()
export class ProjectControlService {
  constructor(
    private readonly repository: ProjectsRepository,
    private readonly builds: BuildsService,
    private readonly gauges: StatisticsGauges,
    private readonly notifier: ProjectNotifier,
    private readonly context: RequestContext,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly agents: AgentsService,
    private readonly artifacts: ArtifactsRepository,
  ) {}

  /**
   * Retried when the running build stores its progress in between.
   * @throws InvalidStateError with the state and the allowed actions; also for the second of two equal simultaneous controls
   * @throws ProjectNotFoundError
   */
  control(org_id: string, project_id: string, request: ControlRequest): Promise<Project> {
    if (request.from_stage !== undefined && request.from_scratch)
      throw ValidationError.field('from_stage', 'cannot be combined with from_scratch');
    return retryOn(ProjectChangedError, async () => {
      const whole = await this.whole(org_id, project_id);
      assertControllable(whole.project, request.action);
      return (await this.commit(whole, this.changeOf(whole, request))).project;
    });
  }

  /**
   * Starts a build of a change with the current design as its input. The agent serves its current version until the build
   * completes, then the new one.
   * @throws InvalidStateError while a build is unfinished; ProjectNotFoundError; ValidationError that names the field
   */
  revise(org_id: string, project_id: string, request: RevisionRequest): Promise<ProjectWhole> {
    return retryOn(ProjectChangedError, async () => {
      const whole = await this.whole(org_id, project_id);
      const { change, accept_unproven = whole.project.accept_unproven ?? false } = request;
      const { agent, definition } = await this.agents.getAt(org_id, revisedAgent(whole.project, request.agent_id));
      const { agent_id, latest_version_number: base_version_number } = agent;
      const at = this.clock.timestamp();
      const touched = { ...whole.project, updated_at: at, control_reason: null, accept_unproven };
      const revision = { change, agent_id, base_version_number };
      const origin = { build_id: this.ids.next('bld'), key_id: this.context.current()?.key_id };
      const next = revised({ ...whole, project: touched }, { ...origin, revision });
      const built = await this.agents.lastBuilt(agent);
      // The documents of a failed build describe a design that the agent does not have.
      const isBuilt = whole.project.status === 'completed';
      const contents = isBuilt ? await this.artifacts.contents(org_id, project_id) : new Map<string, string>();
      const from = { revision, version: agent.version, definition, built, contents, at };
      const brief = revisionArtifact(next.project, from);
      const begins = this.begin(next);
      return this.commit(whole, { ...begins, change: { ...begins.change, artifacts: [brief] } });
    });
  }

  private async whole(org_id: string, project_id: string): Promise<ProjectWhole> {
    const whole = await this.repository.findWhole(org_id, project_id);
    if (!whole) throw new ProjectNotFoundError(project_id);
    return whole;
  }

  private async commit(before: ProjectWhole, { change, engine }: ControlledChange): Promise<ProjectWhole> {
    try {
      const project = await this.repository.save(before.project, change);
      engine?.committed();
      this.notifier.changed(project.project_id);
      const stages = before.stages.map(
        (stage) => change.stages?.find(({ stage_name }) => stage_name === stage.stage_name) ?? stage,
      );
      return { project, stages };
    } catch (error) {
      engine?.abandoned();
      throw error;
    }
  }

  private begin({ project, stages }: ProjectWhole): ControlledChange {
    const counted = this.gauges.adjust(project.org_id, { builds_started: 1 });
    return begun(project, stages, [counted], this.builds.start(project, project.updated_at));
  }

  /** @returns the change of the project, and that of the engine, whose writes are part of it. */
  private changeOf(whole: ProjectWhole, request: ControlRequest): ControlledChange {
    const at = this.clock.timestamp();
    const { project } = whole;
    const touched: Project = { ...project, updated_at: at, control_reason: request.reason ?? null };
    switch (request.action) {
      case 'pause':
        return this.pause(touched);
      case 'stop':
        return this.stop(touched, whole.stages, at);
      case 'resume':
        return begun(touched, [], [], this.builds.resume(touched));
      case 'restart': {
        const { from_scratch, from_stage } = request;
        const asked = { build_id: this.ids.next('bld'), key_id: this.context.current()?.key_id };
        return this.begin(restarted({ ...whole, project: touched }, { ...asked, from_scratch, from_stage }));
      }
    }
  }

  /** A build that waits for its slot pauses at once; a running step is finished first. */
  private pause(project: Project): ControlledChange {
    if (project.status === 'building') return { change: announced({ ...project, pause_requested: true }) };
    const engine = this.builds.suspend(project);
    return { engine, change: announced({ ...project, status: 'paused' }, { with: engine.writes }) };
  }

  private stop(project: Project, stages: Stage[], at: string): ControlledChange {
    const running = stages
      .filter(({ status }) => status === 'running')
      .map((stage) => failStage(stage, at, 'Stopped by request'));
    const message = project.control_reason ? `Stopped by request: ${project.control_reason}` : 'Stopped by request';
    const error_info = { code: 'STOPPED' as const, message, stage: project.current_stage };
    const stopped: Project = {
      ...project,
      status: 'failed',
      pause_requested: false,
      error_info,
      completed_at: at,
      current_sub_stage: null,
    };
    const done: ProjectEventBody = { event: 'done', status: 'failed', error_info };
    const engine = this.builds.stop(stopped, at);
    return { engine, change: announced(stopped, { stages: running, with: engine.writes, extra: [done] }) };
  }
}

/** @throws ValidationError when agent_id is missing or names no agent of the project; InvalidStateError without agents */
function revisedAgent({ agents }: Project, asked: string | undefined): string {
  const [only, ...others] = agents;
  if (asked !== undefined && agents.includes(asked)) return asked;
  if (asked === undefined && only !== undefined && others.length === 0) return only;
  if (only === undefined)
    throw new InvalidStateError('The project has no agent to revise', {
      details: { legal_actions: ['restart'] },
      suggestion: 'Restart the build, and revise its agent once it has completed.',
    });
  throw ValidationError.field('agent_id', `must be one of the agents of the project: ${agents.join(', ')}`);
}

function begun(project: Project, stages: Stage[], also: Write[], engine: BuildPlan): ControlledChange {
  const { status, writes } = engine;
  const started_at = status === 'building' ? (project.started_at ?? project.updated_at) : project.started_at;
  return { engine, change: announced({ ...project, status, started_at }, { stages, with: [...writes, ...also] }) };
}

function announced(
  project: Project,
  more: { stages?: Stage[]; with?: Write[]; extra?: ProjectEventBody[] } = {},
): ProjectChange {
  const progress: ProjectEventBody = { event: 'progress', progress: project.progress, status: visibleStatus(project) };
  return { project, stages: more.stages ?? [], with: more.with ?? [], events: [progress, ...(more.extra ?? [])] };
}
