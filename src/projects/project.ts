import type { Coverage } from '../shared/coverage.js';
import { InvalidStateError, ValidationError } from '../shared/domain-error.js';
import { buildProgress, pendingStages, reopenStage, resetStage, skipStage } from '../stages/stage-rules.js';
import { FIRST_STAGE, type Stage, stageInfo, type StageName, type SubStageName } from '../stages/stage.js';

export type LogLevel = 'info' | 'warning' | 'error';

/** One event of a build. `done` ends an attempt. */
export type ProjectEventBody =
  | { event: 'stage'; stage_name: StageName; sub_stage_name: SubStageName | null; status: string }
  | { event: 'progress'; progress: number; status: string }
  | { event: 'log'; stage_name: StageName | null; level: LogLevel; message: string }
  | { event: 'done'; status: string; error_info: unknown };

/** A stored event, numbered from 1 without gaps within its project. */
export type ProjectEvent = ProjectEventBody & { seq: number; attempt: number; timestamp: string };

/** Logs are bounded so that an event item stays far below the 400 KB of an item. */
export const LOG_MESSAGE_LENGTH = 4_000;

export const PROJECT_STATUSES = ['pending', 'building', 'paused', 'completed', 'failed'] as const;
export type ProjectStatus = (typeof PROJECT_STATUSES)[number];

export const CONTROL_ACTIONS = ['pause', 'resume', 'stop', 'restart'] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

export interface ProjectErrorInfo {
  code: 'BUILD_ERROR' | 'REQUIREMENT_NOT_PROVEN' | 'REQUIREMENT_UNCLEAR' | 'REQUIREMENT_REFUSED' | 'STOPPED';
  message: string;
  stage: StageName | null;
  /** What the caller can do about it. Absent in records of version 1.0.0. */
  suggestion?: string;
  details?: Record<string, unknown>;
}

/**
 * A requirement that becomes an agent. Its life: pending (waits for a build slot) → building ⇄ paused, then completed or
 * failed; from either, restart begins a new attempt. Every change increments `version` on condition that it is unchanged, so
 * of two writers only one wins.
 */
export interface Project {
  project_id: string;
  org_id: string;
  user_id: string;
  user_name: string | null;
  project_name: string;
  requirement: string;
  status: ProjectStatus;
  /** A pause was requested while a step was running; it takes effect when that step ends. */
  pause_requested: boolean;
  /** Percent; never decreases within an attempt. */
  progress: number;
  current_stage: StageName | null;
  current_sub_stage: SubStageName | null;
  priority: number;
  tags: string[];
  /** The model that builds the agent and that it runs on; null: the platform's. */
  model_id: string | null;
  /** The API key that started the current attempt and whose budget is charged. Null or absent: no key. */
  key_id?: string | null;
  /** Build the agent even when no functional requirement can be proven. Absent in records of version 1.0.0. */
  accept_unproven?: boolean;
  /** What the build proved. Null or absent until a build measured it. */
  coverage?: Coverage | null;
  agent_name: string | null;
  agent_name_map: Partial<Record<StageName, string>>;
  /** Ids of the agents of the project. */
  agents: string[];
  /** Changes that revisions have built, oldest first. Absent in records of version 1.0.0. */
  changes?: string[];
  /** The change that the current or failed attempt builds. Null or absent for a build from the requirement alone. */
  revision?: ProjectRevision | null;
  error_info: ProjectErrorInfo | null;
  control_reason: string | null;
  /** Counts builds of this project from 1; `build_id` names the latest. */
  attempt: number;
  build_id: string;
  started_at: string | null;
  completed_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
  /** Number of the last build event. */
  event_seq: number;
}

/** A change that a build makes to an agent. Until the build completes, the agent serves its current version. */
export interface ProjectRevision {
  change: string;
  agent_id: string;
  /** The agent's newest version when the change was requested. */
  base_version_number: number;
}

/** A project with its stages in order. */
export interface ProjectWhole {
  project: Project;
  stages: Stage[];
}

export interface NewProject {
  org_id: string;
  user_id: string;
  requirement: string;
  /** See {@link Project.key_id}. */
  key_id?: string | undefined;
  user_name?: string | undefined;
  project_name?: string | undefined;
  priority?: number | undefined;
  tags?: string[] | undefined;
  model_id?: string | undefined;
  accept_unproven?: boolean | undefined;
  agent_name?: string | undefined;
  agent_name_map?: Partial<Record<StageName, string>> | undefined;
}

/** Changes of one project. With the requirement they are the input of every build. */
export const CHANGES_MAX = 20;

/** The requirement with all changes, as builds read it. */
export function wholeRequirement(project: Project): string {
  return [project.requirement, ...changesOf(project)].join('\n\n');
}

/** The changes that revisions have built, then the one in progress. */
export function changesOf({ changes = [], revision }: Project): string[] {
  return [...changes, ...(revision ? [revision.change] : [])];
}

const NAME_LENGTH = 80;
export const PRIORITY_DEFAULT = 3;

/** The first line of the requirement, at most 80 characters. */
export function nameFromRequirement(requirement: string): string {
  const line = requirement.trim().split(/\r?\n/, 1)[0] ?? '';
  const characters = [...line];
  return characters.length <= NAME_LENGTH ? line : `${characters.slice(0, NAME_LENGTH - 3).join('')}...`;
}

/** A project as it is before its first build step. */
export function newProject(input: NewProject, ids: { project_id: string; build_id: string }, at: string): ProjectWhole {
  const project: Project = {
    ...ids,
    org_id: input.org_id,
    user_id: input.user_id,
    user_name: input.user_name ?? null,
    project_name: input.project_name ?? nameFromRequirement(input.requirement),
    requirement: input.requirement,
    status: 'pending',
    pause_requested: false,
    progress: 0,
    current_stage: FIRST_STAGE,
    current_sub_stage: null,
    priority: input.priority ?? PRIORITY_DEFAULT,
    tags: input.tags ?? [],
    model_id: input.model_id ?? null,
    key_id: input.key_id ?? null,
    accept_unproven: input.accept_unproven ?? false,
    coverage: null,
    agent_name: input.agent_name ?? null,
    agent_name_map: input.agent_name_map ?? {},
    agents: [],
    error_info: null,
    control_reason: null,
    attempt: 1,
    started_at: null,
    completed_at: null,
    created_at: at,
    updated_at: at,
    version: 1,
    event_seq: 0,
  };
  return { project, stages: pendingStages(project.agent_name_map) };
}

/** A project without a build, such as an imported one; `restart` builds it here. */
export function builtElsewhere(whole: ProjectWhole, agents: string[], at: string): ProjectWhole {
  const project: Project = {
    ...whole.project,
    ...{ status: 'completed', progress: 100, current_stage: null, agents, started_at: at, completed_at: at },
  };
  return { project, stages: whole.stages.map((stage) => skipStage(stage, at)) };
}

/** What a caller sees: `pausing` until the running step has ended. */
export const VISIBLE_STATUSES = ['pending', 'building', 'pausing', 'paused', 'completed', 'failed'] as const;
export type VisibleStatus = (typeof VISIBLE_STATUSES)[number];

export function visibleStatus(project: Project): VisibleStatus {
  return project.status === 'building' && project.pause_requested ? 'pausing' : project.status;
}

const LEGAL_ACTIONS: Record<VisibleStatus, readonly ControlAction[]> = {
  pending: ['pause', 'stop'],
  building: ['pause', 'stop'],
  pausing: ['stop'],
  paused: ['resume', 'stop'],
  completed: ['restart'],
  failed: ['restart'],
};

/** @throws INVALID_STATE with the state and the actions allowed in it */
export function assertControllable(project: Project, action: ControlAction): void {
  const state = visibleStatus(project);
  const legal = LEGAL_ACTIONS[state];
  if (legal.includes(action)) return;
  throw new InvalidStateError(`Cannot ${action} a project that is ${state}`, {
    details: { current_state: state, action, legal_actions: legal },
    suggestion: `Allowed now: ${legal.join(', ')}.`,
  });
}

/** The build of a new attempt, and the API key that requested it. */
export interface BuildOrigin {
  build_id: string;
  key_id?: string | undefined;
}

/** What a new attempt keeps. */
export interface RestartOptions {
  /** Keeps nothing. */
  from_scratch?: boolean | undefined;
  /** Keeps the stages before this one. */
  from_stage?: StageName | undefined;
}

/**
 * The same project for a new attempt. A failed build keeps its completed stages, a completed one starts over, unless the
 * options say otherwise.
 * @throws ValidationError for a from_stage whose earlier stages are not all completed
 */
export function restarted(
  whole: ProjectWhole,
  { build_id, key_id, from_scratch = false, from_stage }: RestartOptions & BuildOrigin,
): ProjectWhole {
  const stages = from_stage ? keptBefore(whole.stages, from_stage) : keptStages(whole, from_scratch);
  const project: Project = {
    ...whole.project,
    status: 'pending',
    pause_requested: false,
    progress: buildProgress(stages),
    current_stage: stages.find(({ status }) => status !== 'completed')?.stage_name ?? null,
    current_sub_stage: null,
    error_info: null,
    coverage: null,
    key_id: key_id ?? null,
    attempt: whole.project.attempt + 1,
    build_id,
    started_at: null,
    completed_at: null,
  };
  return { project, stages };
}

function keptStages({ project, stages }: ProjectWhole, fromScratch: boolean): Stage[] {
  if (project.status !== 'failed' || fromScratch) return stages.map(resetStage);
  return stages.map((stage) => (stage.status === 'completed' ? stage : reopenStage(stage)));
}

function keptBefore(stages: readonly Stage[], from: StageName): Stage[] {
  const { stage_number } = stageInfo(from);
  // A skipped stage has no document for later stages.
  const hasRun = ({ status, artifacts }: Stage): boolean => status === 'completed' && artifacts.length > 0;
  const missing = stages.filter((stage) => stage.stage_number < stage_number && !hasRun(stage));
  if (missing.length > 0)
    throw ValidationError.field(
      'from_stage',
      `must directly follow completed stages; not completed: ${missing.map(({ stage_name }) => stage_name).join(', ')}`,
    );
  return stages.map((stage) => (stage.stage_number < stage_number ? stage : resetStage(stage)));
}

/**
 * The same project for a build of a change: every stage runs again, with the current design as input.
 * @throws InvalidStateError while a build is unfinished; ValidationError when there are too many changes
 */
export function revised(
  whole: ProjectWhole,
  { revision, ...origin }: { revision: ProjectRevision } & BuildOrigin,
): ProjectWhole {
  const { project } = whole;
  assertControllable(project, 'restart');
  if ((project.changes ?? []).length >= CHANGES_MAX)
    throw ValidationError.field('change', `would exceed the limit of ${CHANGES_MAX} changes per project`);
  return restarted({ ...whole, project: { ...project, revision } }, { ...origin, from_scratch: true });
}

/**
 * When a running build will end at its speed so far; null while that is unknown.
 * Formula: now + elapsed × (100 − progress) / progress.
 */
export function estimatedCompletion(project: Project, now: Date): string | null {
  if (project.status !== 'building' || !project.started_at || project.progress <= 0) return null;
  const elapsed = Math.max(0, now.getTime() - Date.parse(project.started_at));
  return new Date(now.getTime() + (elapsed * (100 - project.progress)) / project.progress).toISOString();
}

/** Something that a stage produced, as text. Items stay far below 400 KB: content at most 300 KB. */
export interface Artifact {
  project_id: string;
  path: string;
  org_id: string;
  stage_name: StageName;
  attempt: number;
  content_type: string;
  content: string;
  size_bytes: number;
  created_at: string;
}

export const ARTIFACT_MAX_BYTES = 300_000;
