import { Injectable } from '@nestjs/common';
import { Clock, elapsedMs } from '../shared/clock.js';
import { resourceTypeOf, type Stage, stageInfo, STAGES } from '../stages/stage.js';
import type { ArtifactSummary } from './builds.repository.js';
import type {
  BuildAlertDto,
  BuildDashboardDto,
  BuildResourceDto,
  BuildStageDto,
  WorkflowEdgeDto,
  WorkflowNodeDto,
} from './dto/build-dashboard.dto.js';
import { type Project, visibleStatus } from './project.js';
import { buildSummary } from './project-view.js';
import { ProjectsService } from './projects.service.js';

/** The build dashboard: everything is derived from the project, its stages and its artifacts. */
@Injectable()
export class BuildDashboardService {
  constructor(
    private readonly projects: ProjectsService,
    private readonly clock: Clock,
  ) {}

  /** @throws ProjectNotFoundError */
  async of(org_id: string, project_id: string): Promise<BuildDashboardDto> {
    const [{ project, stages }, artifacts] = await Promise.all([
      this.projects.getWhole(org_id, project_id),
      this.projects.listArtifacts(org_id, project_id),
    ]);
    const resources = resourcesOf(project, artifacts);
    return {
      project_id,
      project_name: project.project_name,
      status: visibleStatus(project),
      progress_percentage: project.progress,
      requirement: project.requirement,
      stages: stages.map(stageRow),
      total_stages: stages.length,
      completed_stages: stages.filter(({ status }) => status === 'completed').length,
      updated_at: project.updated_at,
      metrics: this.metrics(project, stages, resources),
      coverage: project.coverage ?? null,
      resources,
      alerts: alertsOf(project, stages),
      workflow_graph_nodes: nodesOf(stages),
      workflow_graph_edges: edges(),
      error_info: project.error_info ? { ...project.error_info } : null,
    };
  }

  private metrics(project: Project, stages: Stage[], resources: BuildResourceDto[]): BuildDashboardDto['metrics'] {
    const { model, input_tokens, output_tokens, tool_calls, cost } = buildSummary(project, stages);
    const until = project.completed_at ?? this.clock.timestamp();
    return {
      total_duration_seconds: project.started_at === null ? null : elapsedMs(project.started_at, until) / 1000,
      input_tokens,
      output_tokens,
      tool_calls,
      total_tools: resources.filter(({ type }) => type === 'tool').length,
      cost_estimate: { total: cost, currency: 'USD', pricing_model: model },
    };
  }
}

function stageRow(stage: Stage): BuildStageDto {
  return {
    name: stage.stage_name,
    display_name: stage.display_name,
    order: stage.stage_number,
    status: stage.status,
    started_at: stage.started_at,
    completed_at: stage.completed_at,
    duration_seconds: stage.duration_seconds,
    error: stage.error_message,
    input_tokens: stage.input_tokens,
    output_tokens: stage.output_tokens,
    cost_usd: stage.cost_usd,
    tool_calls: stage.tool_calls,
    metadata: {
      model: stage.model,
      artifacts: stage.artifacts,
      ...(stage.sub_stages ? { sub_stages: stage.sub_stages } : {}),
    },
  };
}

function resourcesOf(project: Project, artifacts: ArtifactSummary[]): BuildResourceDto[] {
  const agents = project.agents.map((agent_id): BuildResourceDto => ({
    type: 'agent',
    name: agent_id.split(':').at(-1) ?? agent_id,
    reference: agent_id,
  }));
  const made = artifacts.flatMap(({ path }) => {
    const type = resourceTypeOf(path);
    return type ? [{ type, name: (path.split('/').at(-1) ?? path).replace(/\.(json|md)$/, ''), reference: path }] : [];
  });
  return [...agents, ...made];
}

function alertsOf(project: Project, stages: Stage[]): BuildAlertDto[] {
  const failed = stages
    .filter(({ status }) => status === 'failed')
    .map((stage): BuildAlertDto => ({
      id: `stage-${stage.stage_name}-failed`,
      level: 'error',
      message: stage.error_message ?? 'The stage failed',
      created_at: stage.completed_at ?? project.updated_at,
    }));
  const unproven: BuildAlertDto[] =
    typeof project.coverage?.warning === 'string'
      ? [
          {
            id: 'requirements-unproven',
            level: 'warning',
            message: project.coverage.warning,
            created_at: project.completed_at ?? project.updated_at,
          },
        ]
      : [];
  const paused: BuildAlertDto[] =
    project.status === 'paused'
      ? [
          {
            id: 'project-paused',
            level: 'warning',
            message: project.control_reason ?? 'The build is paused',
            created_at: project.updated_at,
          },
        ]
      : [];
  const restarted: BuildAlertDto[] =
    project.attempt > 1
      ? [
          {
            id: 'project-restarted',
            level: 'info',
            message: `This is attempt ${project.attempt}`,
            created_at: project.updated_at,
          },
        ]
      : [];
  return [...failed, ...unproven, ...paused, ...restarted];
}

function nodesOf(stages: Stage[]): WorkflowNodeDto[] {
  return stages.flatMap(({ stage_name, display_name, status, sub_stages }): WorkflowNodeDto[] => {
    return [
      { id: stage_name, label: display_name, type: 'stage', status },
      ...stageInfo(stage_name).sub_stages.map((child): WorkflowNodeDto => ({
        id: child.sub_stage_name,
        label: child.display_name,
        type: 'sub_stage',
        status: sub_stages?.[child.sub_stage_name].status ?? 'pending',
      })),
    ];
  });
}

function edges(): WorkflowEdgeDto[] {
  return STAGES.flatMap(({ stage_name: source, sub_stages }, index): WorkflowEdgeDto[] => {
    const next = STAGES[index + 1];
    return [
      ...(next ? [{ source, target: next.stage_name, kind: 'next' as const }] : []),
      ...sub_stages.map(({ sub_stage_name }) => ({ source, target: sub_stage_name, kind: 'contains' as const })),
    ];
  });
}
