import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { failStage } from '../stages/stage-rules.js';
import type { Stage } from '../stages/stage.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { BuildEngine, type BuildPlan } from './build-engine.port.js';
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

/** What each control action changes; pure but for ids and time. */
@Injectable()
export class ControlTransition {
  constructor(
    private readonly engine: BuildEngine,
    private readonly gauges: StatisticsGauges,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  of(whole: ProjectWhole, request: ControlRequest): { change: ProjectChange; plan?: BuildPlan } {
    const at = this.clock.timestamp();
    const { project } = whole;
    const touched: Project = { ...project, updated_at: at, control_reason: request.reason ?? null };
    switch (request.action) {
      case 'pause':
        return { change: this.pause(touched) };
      case 'stop':
        return { change: this.stop(touched, whole.stages, at) };
      case 'resume':
        return this.begin(touched, [], []);
      case 'restart': {
        const next = restarted(
          { ...whole, project: touched },
          { build_id: this.ids.next('bld'), fromScratch: request.from_scratch ?? false, at },
        );
        return this.begin(next.project, next.stages, [this.gauges.adjust(project.org_id, { builds_started: 1 })]);
      }
    }
  }

  /** A build that waits for its slot pauses at once; a running step is finished first. */
  private pause(project: Project): ProjectChange {
    if (project.status === 'building') return announced({ ...project, pause_requested: true });
    return announced({ ...project, status: 'paused' }, { with: this.engine.suspension(project) });
  }

  private stop(project: Project, stages: Stage[], at: string): ProjectChange {
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
    return announced(stopped, { stages: running, with: this.engine.cancellation(project, at), extra: [done] });
  }

  private begin(project: Project, stages: Stage[], also: Write[]): { change: ProjectChange; plan: BuildPlan } {
    const plan = this.engine.plan(project);
    const started_at = plan.status === 'building' ? (project.started_at ?? project.updated_at) : project.started_at;
    return {
      plan,
      change: announced({ ...project, status: plan.status, started_at }, { stages, with: [...plan.items, ...also] }),
    };
  }
}

function announced(
  project: Project,
  more: { stages?: Stage[]; with?: Write[]; extra?: ProjectEventBody[] } = {},
): ProjectChange {
  const progress: ProjectEventBody = { event: 'progress', progress: project.progress, status: visibleStatus(project) };
  return { project, stages: more.stages ?? [], with: more.with ?? [], events: [progress, ...(more.extra ?? [])] };
}
