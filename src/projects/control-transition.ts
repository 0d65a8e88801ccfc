import { Injectable } from '@nestjs/common';
import type { EngineChange } from '../engine/engine.js';
import type { Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { failStage } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { type BuildPlan, BuildsService } from './builds.service.js';
import {
  type ControlAction,
  type Project,
  type ProjectWhole,
  restarted,
  visibleStatus,
  type ProjectEventBody,
} from './project.js';
import type { ProjectChange } from './projects.repository.js';

export interface ControlRequest {
  action: ControlAction;
  reason?: string | undefined;
  from_scratch?: boolean | undefined;
}

export interface ControlledChange {
  change: ProjectChange;
  engine?: EngineChange;
}

/** What each control action changes; pure but for ids and time. */
@Injectable()
export class ControlTransition {
  constructor(
    private readonly builds: BuildsService,
    private readonly gauges: StatisticsGauges,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @returns the change of the project, and that of the engine, whose writes are part of it. */
  of(whole: ProjectWhole, request: ControlRequest): ControlledChange {
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
          { build_id: this.ids.next('bld'), fromScratch: request.from_scratch ?? false, at },
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
    const engine = this.builds.cancel(project, at);
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
