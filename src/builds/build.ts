import { type Stage, STEP_PLACES, type StepPlace, type SubStage, type SubStageName } from '../stages/stage.js';

/**
 * One attempt to build a project. Its life: queued → running ⇄ paused, then completed, failed or stopped. While it runs,
 * `lease_owner` names the process that runs it; a lease past its time may be taken over by any process.
 */
export interface Build {
  build_id: string;
  project_id: string;
  org_id: string;
  status: 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'stopped';
  queue?: 'QUEUED' | 'RUNNING';
  queue_order: string;
  lease_owner?: string;
  lease_expires_at?: string;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  /** The stage that it ended in. */
  stage?: string;
}

export type BuildStep = StepPlace;

/** The first step that is not completed: where a build begins, or resumes after a crash. */
export function nextStep(stages: readonly Stage[]): BuildStep | undefined {
  return STEP_PLACES.find(({ stage, sub_stage }) => {
    const state = stages.find(({ stage_name }) => stage_name === stage);
    if (!state || state.status === 'completed') return false;
    if (sub_stage === undefined) return true;
    const stored: Partial<Record<SubStageName, SubStage>> = state.sub_stages ?? {};
    return stored[sub_stage]?.status !== 'completed';
  });
}

/** Higher priority first, then the older one; fixed width, so that string order is queue order. */
export function queueOrder(priority: number, created_at: string): string {
  return `${9 - priority}#${created_at}`;
}

/** Why a run ended: it reached the build's end, was paused, or the build is no longer its own. */
export type RunEnding = 'ended' | 'paused' | 'superseded';
