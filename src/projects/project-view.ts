import { elapsedMs } from '../shared/clock.js';
import { type Stage, stageInfo } from '../stages/stage.js';
import { estimatedCompletion, type Project, type ProjectWhole, visibleStatus } from './project.js';
import type { ProjectDto, ProjectSummaryDto, StageDto } from './dto/project.dto.js';
import { addCost } from '../shared/usage.js';

/** A stage as callers see it: without the bookkeeping of its item. */
export function stageView(stage: Stage): StageDto {
  const {
    stage_name,
    stage_number,
    display_name,
    status,
    progress,
    started_at,
    completed_at,
    duration_seconds,
    sub_stages,
  } = stage;
  const { agent_name, error_message, output_data, artifacts } = stage;
  return {
    stage_name,
    stage_number,
    display_name,
    status,
    progress,
    started_at,
    completed_at,
    duration_seconds,
    agent_name,
    error_message,
    output_data,
    artifacts,
    ...(sub_stages ? { sub_stages } : {}),
  };
}

export function projectSummary(project: Project, now: Date): ProjectSummaryDto {
  const {
    project_id,
    project_name,
    requirement,
    progress,
    current_stage,
    current_sub_stage,
    user_id,
    user_name,
    priority,
    model_id,
    accept_unproven,
    coverage,
    changes,
    revision,
    tags,
  } = project;
  const { agent_name, agents, error_info, control_reason, attempt, created_at, updated_at, started_at, completed_at } =
    project;
  return {
    project_id,
    project_name,
    requirement,
    status: visibleStatus(project),
    progress,
    progress_percentage: progress,
    current_stage,
    current_stage_number: current_stage === null ? null : stageInfo(current_stage).stage_number,
    current_sub_stage,
    user_id,
    user_name,
    priority,
    model_id: model_id ?? null,
    accept_unproven: accept_unproven ?? false,
    coverage: coverage ?? null,
    changes: changes ?? [],
    revision: revision ? { change: revision.change, agent_id: revision.agent_id } : null,
    tags,
    agent_name,
    agents,
    error_info,
    control_reason,
    attempt,
    created_at,
    updated_at,
    started_at,
    completed_at,
    estimated_completion: estimatedCompletion(project, now),
  };
}

export function projectView({ project, stages }: ProjectWhole, now: Date): ProjectDto {
  return {
    ...projectSummary(project, now),
    stages_snapshot: {
      total: stages.length,
      completed: stages.filter(({ status }) => status === 'completed').length,
      stages: stages.map(stageView),
    },
    build_summary: buildSummary(project, stages),
  };
}

export function buildSummary(project: Project, stages: readonly Stage[]): ProjectDto['build_summary'] {
  const sum = (of: (stage: Stage) => number): number => stages.reduce((total, stage) => total + of(stage), 0);
  const hasEnded = project.started_at !== null && project.completed_at !== null;
  return {
    total_duration_seconds: hasEnded ? elapsedMs(project.started_at ?? '', project.completed_at ?? '') / 1000 : null,
    model: stages.find(({ model }) => model !== null)?.model ?? null,
    input_tokens: sum(({ input_tokens }) => input_tokens),
    output_tokens: sum(({ output_tokens }) => output_tokens),
    tool_calls: sum(({ tool_calls }) => tool_calls),
    cost: buildCost(stages),
    stage_durations: Object.fromEntries(
      stages.map(({ stage_name, duration_seconds }) => [stage_name, duration_seconds]),
    ),
  };
}

/** Cost of the stages' model calls in US dollars; null if the price of any of them is unknown. */
function buildCost(stages: readonly Pick<Stage, 'cost_usd'>[]): number | null {
  return stages.map(({ cost_usd }) => cost_usd).reduce(addCost, 0);
}
