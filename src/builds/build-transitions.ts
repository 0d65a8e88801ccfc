import {
  type Stage,
  type StageStatus,
  STEP_PLACES,
  type StepPlace,
  type SubStage,
  type SubStageName,
} from '../stages/stage.js';
import {
  ARTIFACT_MAX_BYTES,
  type Artifact,
  nameFromRequirement,
  type Project,
  type ProjectErrorInfo,
  type ProjectWhole,
  type ProjectEventBody,
} from '../projects/project.js';
import type { ProgressChange } from '../projects/project-progress.service.js';
import { elapsedMs } from '../shared/clock.js';
import { DomainError } from '../shared/domain-error.js';
import {
  completeStage,
  completeSubStage,
  failStage,
  startStage,
  startSubStage,
  type StepOutcome,
} from '../stages/stage-rules.js';
import type { BuildEnd } from '../projects/build.js';
import { BuildFault, type Spent, type StepArtifact, type StepResult } from './step/step.js';

export type BuildStep = StepPlace;

/** The first step that is not completed: where a build begins, or resumes after a crash. */
export function nextStep(stages: readonly Stage[]): BuildStep | undefined {
  return STEP_PLACES.find((step) => {
    const state = stages.find(({ stage_name }) => stage_name === step.stage);
    return state && state.status !== 'completed' && statusOf(stages, step) !== 'completed';
  });
}

/** Undefined when the stage does not have the part yet. */
export function statusOf(stages: readonly Stage[], { stage, sub_stage }: BuildStep): StageStatus | undefined {
  const state = stages.find(({ stage_name }) => stage_name === stage);
  if (sub_stage === undefined) return state?.status;
  const parts: Partial<Record<SubStageName, SubStage>> = state?.sub_stages ?? {};
  return parts[sub_stage]?.status;
}

/** What a step's transition writes, and how the build ends by it, if it does. */
export interface Transition {
  change: ProgressChange;
  end?: BuildEnd;
  /** The engine's run is over although the build has not ended: it was paused. */
  isOver?: boolean;
}

/** A build that waited for a slot starts or continues. */
export function taken({ project }: ProjectWhole, at: string): Transition {
  return { change: { project: { status: 'building', started_at: project.started_at ?? at }, events: [] } };
}

/** Starts the step, or restarts it when a build resumes. */
export function begun(whole: ProjectWhole, step: BuildStep, at: string): Transition {
  let stage = stageOf(whole, step);
  if (stage.status !== 'running') stage = startStage(stage, at);
  if (step.sub_stage) stage = startSubStage(stage, step.sub_stage, at);
  const project = { current_stage: step.stage, current_sub_stage: step.sub_stage ?? null };
  return { change: { stage, project, events: [stageEvent(step, 'running')] } };
}

/**
 * The step is done. The last one completes the project in the same transaction: there is no completed last step of an
 * uncompleted project.
 */
export function completed(
  whole: ProjectWhole,
  step: BuildStep,
  result: StepResult,
  logs: ProjectEventBody[],
  at: string,
): Transition {
  const outcome = { ...result, artifacts: result.artifacts.map(({ path }) => path) };
  let stage = stageOf(whole, step);
  stage = step.sub_stage ? completeSubStage(stage, step.sub_stage, at, outcome) : completeStage(stage, at, outcome);
  const events = [...logs, stageEvent(step, 'completed')];
  if (step.sub_stage && allSubStagesCompleted(stage)) {
    stage = completeStage(stage, at);
    events.push(stageEvent({ stage: step.stage }, 'completed'));
  }
  const artifacts = artifactsOf(whole.project, step, result.artifacts, at);
  const change: ProgressChange = { stage, project: found(whole.project, result), events, artifacts };
  const stages = whole.stages.map((one) => (one.stage_number === stage.stage_number ? stage : one));
  if (nextStep(stages)) return { change };
  const project = { ...change.project, ...ended(at), ...built(whole.project), status: 'completed' as const };
  const done: ProjectEventBody = { event: 'done', status: 'completed', error_info: null };
  const end: BuildEnd = { status: 'completed', at, duration_seconds: seconds(whole.project, at), stage: step.stage };
  return { change: { ...change, project, events: [...events, done] }, end };
}

/** The step failed; it is tried again, or the project fails with it. */
export function failed(
  whole: ProjectWhole,
  step: BuildStep,
  failure: { error: unknown; isFinal: boolean; spent: Spent },
  logs: ProjectEventBody[],
  at: string,
): Transition {
  const { error, isFinal, spent } = failure;
  const message = error instanceof DomainError ? error.message : 'The stage failed unexpectedly';
  const line: ProjectEventBody = {
    event: 'log',
    stage_name: step.stage,
    level: isFinal ? 'error' : 'warning',
    message: isFinal ? message : `${message} (will be retried)`,
  };
  const kept = error instanceof BuildFault ? [...error.artifacts] : [];
  const stage = failStage(stageOf(whole, step), at, message, leftBehind(error, spent));
  const artifacts = artifactsOf(whole.project, step, kept, at);
  const events = [...logs, line, stageEvent(step, 'failed')];
  if (!isFinal) return { change: { stage, events, artifacts } };
  const code = error instanceof BuildFault ? error.code : 'BUILD_ERROR';
  const error_info: ProjectErrorInfo = { code, stage: step.stage, message, ...explanationOf(error) };
  const project = { ...ended(at), status: 'failed' as const, error_info };
  const done: ProjectEventBody = { event: 'done', status: 'failed', error_info };
  const end: BuildEnd = { status: 'failed', at, duration_seconds: seconds(whole.project, at), stage: step.stage };
  return { change: { stage, project, events: [...events, done], artifacts }, end };
}

function explanationOf(error: unknown): Pick<ProjectErrorInfo, 'details' | 'suggestion'> {
  if (!(error instanceof DomainError)) return {};
  const { details, suggestion } = error;
  return { details, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** What a failed step has spent and made. */
function leftBehind(error: unknown, spent: Spent): StepOutcome {
  const artifacts = error instanceof BuildFault ? error.artifacts.map(({ path }) => path) : [];
  return { tool_calls: 0, ...spent, output_data: {}, artifacts };
}

function ended(at: string): Partial<Project> {
  return { pause_requested: false, completed_at: at, current_sub_stage: null };
}

function stageOf(whole: ProjectWhole, { stage }: BuildStep): Stage {
  const state = whole.stages.find(({ stage_name }) => stage_name === stage);
  if (!state) throw new BuildFault(`The project has no stage ${stage}`);
  return state;
}

function stageEvent({ stage, sub_stage }: BuildStep, status: string): ProjectEventBody {
  return { event: 'stage', stage_name: stage, sub_stage_name: sub_stage ?? null, status };
}

function allSubStagesCompleted(stage: Stage): boolean {
  return Object.values(stage.sub_stages ?? {}).every(({ status }) => status === 'completed');
}

/** A change that was built belongs to the requirement from now on. */
function built({ revision, changes = [] }: Project): Partial<Project> {
  return revision ? { changes: [...changes, revision.change], revision: null } : {};
}

/** What a step may find out for the project: its name unless the caller gave one, its agent's name, its agents. */
function found(project: Project, result: StepResult): Partial<Project> {
  const isNamed = project.revision || project.project_name !== nameFromRequirement(project.requirement);
  const agents = [...new Set([...project.agents, ...(result.agent_ids ?? [])])];
  return {
    ...(result.project_name === undefined || isNamed ? {} : { project_name: result.project_name }),
    ...(result.agent_name === undefined ? {} : { agent_name: result.agent_name }),
    ...(result.agent_ids === undefined ? {} : { agents }),
    ...(result.coverage === undefined ? {} : { coverage: result.coverage }),
  };
}

function artifactsOf(project: Project, step: BuildStep, made: readonly StepArtifact[], at: string): Artifact[] {
  const { project_id, org_id, attempt } = project;
  return made.map(({ path, content_type, content }) => {
    const size_bytes = Buffer.byteLength(content);
    if (size_bytes > ARTIFACT_MAX_BYTES)
      throw new BuildFault(`The artifact ${path} is larger than ${ARTIFACT_MAX_BYTES} bytes`);
    const about = { project_id, org_id, path, stage_name: step.stage, attempt };
    return { ...about, content_type, content, size_bytes, created_at: at };
  });
}

function seconds(project: Project, at: string): number {
  return elapsedMs(project.started_at ?? project.created_at, at) / 1000;
}
