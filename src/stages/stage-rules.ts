import { elapsedMs } from '../shared/clock.js';
import { InvalidStateError } from '../shared/domain-error.js';
import { addCost, type Usage } from '../shared/usage.js';
import {
  type Stage,
  STAGES,
  type StageName,
  type StageStatus,
  stageInfo,
  type SubStage,
  type SubStageName,
} from './stage.js';

/** What a finished step adds to its stage. */
export interface StepOutcome {
  output_data: Record<string, unknown>;
  artifacts: string[];
  model: string | null;
  usage: Usage;
  /** Null when the price of the model is unknown. */
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

/** The stages before anything has run. `agentNames` are the names that the caller asked for, by stage. */
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
    ...(sub_stages.length > 0 ? { sub_stages: pendingSubStages(stage_name) } : {}),
  }));
}

function pendingSubStages(name: StageName): Record<SubStageName, SubStage> {
  const subs = stageInfo(name).sub_stages.map(({ sub_stage_name }) => [sub_stage_name, PENDING_SUB_STAGE]);
  return Object.fromEntries(subs) as Record<SubStageName, SubStage>;
}

/** Also legal for a running stage: a build resumes this way after a crash. `started_at` stays that of the first start. */
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

/** @throws InvalidStateError unless the stage is running and all its sub-stages are completed */
export function completeStage(stage: Stage, at: string, outcome?: StepOutcome): Stage {
  assertLegal(stage, 'completed');
  const unfinished = subStages(stage).find(([, { status }]) => status !== 'completed')?.[0];
  if (unfinished) throw new InvalidStateError(`${stage.stage_name} cannot be completed before ${unfinished}`);
  return withProgress({ ...withOutcome(stage, outcome), ...ended(stage, at), status: 'completed' });
}

/** @param outcome what the step spent and stored before it failed */
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

/** Completed without having run: the work was done elsewhere. */
export function skipStage(stage: Stage, at: string): Stage {
  const done: SubStage = { status: 'completed', started_at: at, completed_at: at, artifacts: [] };
  const subs = subStages(stage).map(([name]) => [name, done]);
  return withProgress({
    ...{ ...stage, status: 'completed', started_at: at, completed_at: at, duration_seconds: 0 },
    ...(stage.sub_stages ? { sub_stages: Object.fromEntries(subs) as Record<SubStageName, SubStage> } : {}),
  });
}

/** Back to pending for a new attempt; the caller's agent name stays. */
export function resetStage(stage: Stage): Stage {
  const [fresh] = pendingStages().filter(({ stage_name }) => stage_name === stage.stage_name);
  return { ...stage, ...fresh, agent_name: stage.agent_name };
}

/** Resets a failed stage for another attempt but keeps its completed sub-stages and what it has cost so far. */
export function reopenStage(stage: Stage): Stage {
  const { model, input_tokens, output_tokens, cost_usd, tool_calls } = stage;
  const fresh = { ...resetStage(stage), model, input_tokens, output_tokens, cost_usd, tool_calls };
  if (!stage.sub_stages) return fresh;
  const kept = subStages(stage).map(([name, sub]) => [name, sub.status === 'completed' ? sub : PENDING_SUB_STAGE]);
  const sub_stages = Object.fromEntries(kept) as Record<SubStageName, SubStage>;
  return { ...fresh, sub_stages, artifacts: Object.values(sub_stages).flatMap(({ artifacts }) => artifacts) };
}

/** The running sub-stage fails with its stage. */
function failedSubStages(stage: Stage, at: string): Pick<Stage, 'sub_stages'> {
  if (!stage.sub_stages) return {};
  const subs = subStages(stage).map(([name, sub]) => [
    name,
    sub.status === 'running' ? { ...sub, status: 'failed', completed_at: at } : sub,
  ]);
  return { sub_stages: Object.fromEntries(subs) as Record<SubStageName, SubStage> };
}

/** In the order of the table, which a stored map need not have. A sub-stage that is not stored yet is pending. */
function subStages({ stage_name, sub_stages }: Stage): [SubStageName, SubStage][] {
  if (!sub_stages) return [];
  const stored: Partial<Record<SubStageName, SubStage>> = sub_stages;
  return stageInfo(stage_name).sub_stages.map(({ sub_stage_name: name }) => [name, stored[name] ?? PENDING_SUB_STAGE]);
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
  const found = subStages(stage).find(([candidate]) => candidate === name);
  if (!found) throw new InvalidStateError(`${stage.stage_name} has no sub-stage ${name}`);
  return found[1];
}

function withSubStage(stage: Stage, name: SubStageName, sub: SubStage): Stage {
  const subs = subStages(stage).map(([key, current]) => [key, key === name ? sub : current]);
  return withProgress({ ...stage, sub_stages: Object.fromEntries(subs) as Record<SubStageName, SubStage> });
}

function withProgress(stage: Stage): Stage {
  return { ...stage, progress: Math.round(stageShare(stage) * 1000) / 10 };
}

/** How much of a stage is done, 0 to 1: 1 when completed, ½ while running; with sub-stages the sum of their shares. */
export function stageShare(stage: Stage): number {
  switch (stage.status) {
    case 'completed':
      return 1;
    case 'pending':
    case 'failed':
      return 0;
    case 'running':
      return stage.sub_stages ? subStageShare(stage) : 0.5;
  }
}

function subStageShare(stage: Stage): number {
  const { sub_stages } = stageInfo(stage.stage_name);
  return subStages(stage).reduce((sum, [name, { status }]) => {
    const weight = sub_stages.find(({ sub_stage_name }) => sub_stage_name === name)?.weight ?? 0;
    return sum + (status === 'completed' ? weight : status === 'running' ? weight / 2 : 0);
  }, 0);
}

/** Progress of a build in percent, 0 to 100: Σ weight × share, rounded to two decimals. 100 only when all stages are completed. */
export function buildProgress(stages: readonly Stage[]): number {
  const whole = STAGES.reduce((sum, { weight }) => sum + weight, 0);
  const done = STAGES.reduce((sum, { stage_name, weight }) => {
    const stage = stages.find((candidate) => candidate.stage_name === stage_name);
    return sum + (stage ? weight * stageShare(stage) : 0);
  }, 0);
  return Math.min(100, Math.max(0, Math.round((done / whole) * 10_000) / 100));
}

function assertLegal(stage: Stage, next: StageStatus): void {
  if (!LEGAL[stage.status].includes(next)) throw illegal(stage.stage_name, stage.status, next);
}

function illegal(name: string, from: StageStatus, to: StageStatus): InvalidStateError {
  return new InvalidStateError(`${name} cannot go from ${from} to ${to}`, {
    details: { stage: name, current_state: from, legal: LEGAL[from] },
  });
}
