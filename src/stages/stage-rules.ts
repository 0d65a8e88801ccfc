import { elapsedMs } from '../shared/clock.js';
import { InvalidStateError } from '../shared/domain-error.js';
import { addCost, type Usage } from '../shared/usage.js';
import {
  type Stage,
  STAGES,
  type StageName,
  type StageStatus,
  type SubStage,
  SUB_STAGE_NAMES,
  type SubStageName,
} from './stage.js';

/** What a finished step leaves on its stage. */
export interface StepOutcome {
  output_data: Record<string, unknown>;
  artifacts: string[];
  model: string | null;
  usage: Usage;
  /** Null: not known. */
  cost_usd: number | null;
  tool_calls: number;
}

const LEGAL: Record<StageStatus, readonly StageStatus[]> = {
  pending: ['running'],
  running: ['completed', 'failed', 'running'],
  failed: ['running'],
  completed: [],
};

const PENDING_SUB_STAGE: SubStage = { status: 'pending', started_at: null, completed_at: null, artifacts: [] };

/** The six stages before anything has run. `agentNames` are the caller's wishes by stage. */
export function pendingStages(agentNames: Partial<Record<StageName, string>> = {}): Stage[] {
  return STAGES.map(({ stage_name, stage_number, display_name, sub_stages }) => ({
    stage_name,
    stage_number,
    display_name,
    status: 'pending',
    progress: 0,
    started_at: null,
    completed_at: null,
    duration_seconds: null,
    agent_name: agentNames[stage_name] ?? null,
    error_message: null,
    output_data: null,
    artifacts: [],
    model: null,
    input_tokens: 0,
    output_tokens: 0,
    cost_usd: 0,
    tool_calls: 0,
    ...(sub_stages.length > 0 ? { sub_stages: pendingSubStages() } : {}),
  }));
}

function pendingSubStages(): Record<SubStageName, SubStage> {
  return {
    tool_developer: PENDING_SUB_STAGE,
    prompt_engineer: PENDING_SUB_STAGE,
    agent_code_developer: PENDING_SUB_STAGE,
  };
}

/** A stage that is already running may be started again: that is how a build resumes after a crash. Keeps the first start. */
export function startStage(stage: Stage, at: string): Stage {
  assertLegal(stage, 'running');
  const isResumed = stage.status === 'running';
  return withProgress({
    ...stage,
    status: 'running',
    started_at: isResumed ? stage.started_at : at,
    completed_at: null,
    duration_seconds: null,
    error_message: null,
  });
}

/** Throws INVALID_STATE unless the stage is running and, for the development stage, all its sub-stages are completed. */
export function completeStage(stage: Stage, at: string, outcome?: StepOutcome): Stage {
  assertLegal(stage, 'completed');
  const unfinished = SUB_STAGE_NAMES.find((name) => stage.sub_stages && stage.sub_stages[name].status !== 'completed');
  if (unfinished) throw new InvalidStateError(`${stage.stage_name} cannot be completed before ${unfinished}`);
  return withProgress({ ...withOutcome(stage, outcome), ...ended(stage, at), status: 'completed' });
}

/** @param outcome what the step left behind before it failed. */
export function failStage(stage: Stage, at: string, message: string, outcome?: StepOutcome): Stage {
  assertLegal(stage, 'failed');
  return withProgress({
    ...withOutcome(stage, outcome),
    ...ended(stage, at),
    status: 'failed',
    error_message: message,
    ...failedSubStages(stage, at),
  });
}

export function startSubStage(stage: Stage, name: SubStageName, at: string): Stage {
  const current = subStage(stage, name);
  if (stage.status !== 'running' || current.status === 'completed')
    throw illegal(`${stage.stage_name}/${name}`, current.status, 'running');
  const started_at = current.status === 'running' ? current.started_at : at;
  return withSubStage(stage, name, { ...current, status: 'running', started_at, completed_at: null });
}

export function completeSubStage(stage: Stage, name: SubStageName, at: string, outcome: StepOutcome): Stage {
  const current = subStage(stage, name);
  if (current.status !== 'running') throw illegal(`${stage.stage_name}/${name}`, current.status, 'completed');
  const done: SubStage = { ...current, status: 'completed', completed_at: at, artifacts: outcome.artifacts };
  return withSubStage(withOutcome(stage, outcome), name, done);
}

/** Back to pending for a new attempt; the caller's agent name stays. */
export function resetStage(stage: Stage): Stage {
  const [fresh] = pendingStages().filter(({ stage_name }) => stage_name === stage.stage_name);
  return { ...stage, ...fresh, agent_name: stage.agent_name };
}

/** A failed stage of a restarted build: its completed sub-stages are kept. */
export function reopenStage(stage: Stage): Stage {
  const fresh = resetStage(stage);
  if (!stage.sub_stages) return fresh;
  const sub_stages = { ...pendingSubStages() };
  for (const name of SUB_STAGE_NAMES)
    if (stage.sub_stages[name].status === 'completed') sub_stages[name] = stage.sub_stages[name];
  return { ...fresh, sub_stages, artifacts: Object.values(sub_stages).flatMap(({ artifacts }) => artifacts) };
}

/** The running step of a failed or stopped stage did not finish: it is failed as well. */
function failedSubStages(stage: Stage, at: string): Pick<Stage, 'sub_stages'> {
  if (!stage.sub_stages) return {};
  const subs = Object.entries(stage.sub_stages).map(([name, sub]) => [
    name,
    sub.status === 'running' ? { ...sub, status: 'failed', completed_at: at } : sub,
  ]);
  return { sub_stages: Object.fromEntries(subs) as Record<SubStageName, SubStage> };
}

function ended(stage: Stage, at: string): Pick<Stage, 'completed_at' | 'duration_seconds'> {
  return { completed_at: at, duration_seconds: elapsedMs(stage.started_at ?? at, at) / 1000 };
}

function withOutcome(stage: Stage, outcome: StepOutcome | undefined): Stage {
  if (!outcome) return stage;
  return {
    ...stage,
    output_data: { ...stage.output_data, ...outcome.output_data },
    artifacts: [...new Set([...stage.artifacts, ...outcome.artifacts])],
    model: outcome.model ?? stage.model,
    input_tokens: stage.input_tokens + outcome.usage.input_tokens,
    output_tokens: stage.output_tokens + outcome.usage.output_tokens,
    cost_usd: addCost(stage.cost_usd, outcome.cost_usd),
    tool_calls: stage.tool_calls + outcome.tool_calls,
  };
}

function subStage(stage: Stage, name: SubStageName): SubStage {
  const found = stage.sub_stages?.[name];
  if (!found) throw new InvalidStateError(`${stage.stage_name} has no sub-stage ${name}`);
  return found;
}

function withSubStage(stage: Stage, name: SubStageName, sub: SubStage): Stage {
  return withProgress({ ...stage, sub_stages: { ...(stage.sub_stages ?? pendingSubStages()), [name]: sub } });
}

function withProgress(stage: Stage): Stage {
  return { ...stage, progress: Math.round(stageShare(stage) * 1000) / 10 };
}

/** How much of a stage is done, 0..1: completed 1, running ½, or for the stage with sub-stages the sum of their shares. */
export function stageShare(stage: Stage): number {
  switch (stage.status) {
    case 'completed':
      return 1;
    case 'pending':
    case 'failed':
      return 0;
    case 'running':
      return stage.sub_stages ? subStageShare(stage.stage_name, stage.sub_stages) : 0.5;
  }
}

function subStageShare(name: StageName, subStages: Record<SubStageName, SubStage>): number {
  const weights = STAGES.find(({ stage_name }) => stage_name === name)?.sub_stages ?? [];
  return weights.reduce((sum, { sub_stage_name, weight }) => {
    const { status } = subStages[sub_stage_name];
    return sum + (status === 'completed' ? weight : status === 'running' ? weight / 2 : 0);
  }, 0);
}

/** Progress of a build in percent, 0..100: Σ weight × share. Exactly 100 when all six are completed. */
export function buildProgress(stages: readonly Stage[]): number {
  const total = STAGES.reduce((sum, { stage_name, weight }) => {
    const stage = stages.find((candidate) => candidate.stage_name === stage_name);
    return sum + (stage ? weight * stageShare(stage) : 0);
  }, 0);
  return Math.min(100, Math.max(0, Math.round(total * 100) / 100));
}

function assertLegal(stage: Stage, next: StageStatus): void {
  if (!LEGAL[stage.status].includes(next)) throw illegal(stage.stage_name, stage.status, next);
}

function illegal(name: string, from: StageStatus, to: StageStatus): InvalidStateError {
  return new InvalidStateError(`${name} cannot go from ${from} to ${to}`, {
    details: { stage: name, current_state: from, legal: LEGAL[from] },
  });
}
