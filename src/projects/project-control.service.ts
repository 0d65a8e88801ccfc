import { Injectable } from '@nestjs/common';
import type { EngineChange } from '../engine/engine.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { failStage } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { type BuildPlan, BuildsService } from './builds.service.js';
import {
  assertControllable,
  type ControlAction,
  type Project,
  type ProjectWhole,
  restarted,
  visibleStatus,
  type ProjectEventBody,
} from './project.js';
import { type ProjectChange, ProjectsRepository } from './projects.repository.js';

import { retryOn } from '../platform/async/retry.js';
import { ProjectNotifier } from './project-events.service.js';
import { ProjectChangedError, ProjectNotFoundError } from './projects.errors.js';

export interface ControlRequest {
  action: ControlAction;
  reason?: string | undefined;
  from_scratch?: boolean | undefined;
}

interface ControlledChange {
  change: ProjectChange;
  engine?: EngineChange;
}

/** Pause, resume, stop and restart: each is a decision on the current state, stored under the condition that it still is. */
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
  ) {}

  /**
   * Retried when the running build stores its progress in between.
   * @throws InvalidStateError naming the state and the legal actions; of two equal controls at the same instant one gets it.
   * @throws ProjectNotFoundError
   */
  control(org_id: string, project_id: string, request: ControlRequest): Promise<Project> {
    return retryOn(ProjectChangedError, async () => {
      const whole = await this.repository.findWhole(org_id, project_id);
      if (!whole) throw new ProjectNotFoundError(project_id);
      assertControllable(whole.project, request.action);
      const { change, engine } = this.changeOf(whole, request);
      try {
        const project = await this.repository.save(whole.project, change);
        engine?.committed();
        this.notifier.changed(project_id);
        return project;
      } catch (error) {
        engine?.abandoned();
        throw error;
      }
    });
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
        const next = restarted(
          { ...whole, project: touched },
          {
            ...{ build_id: this.ids.next('bld'), fromScratch: request.from_scratch ?? false, at },
            key_id: this.context.current()?.key_id,
          },
        );
        const counted = this.gauges.adjust(project.org_id, { builds_started: 1 });
        return begun(next.project, next.stages, [counted], this.builds.start(next.project, at));
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
