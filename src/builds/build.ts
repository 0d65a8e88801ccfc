import type { Stage, StageName, SubStageName } from '../stages/stage.js';

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

export interface BuildStep {
  stage: StageName;
  sub_stage?: SubStageName;
}

/** The order of a build: six stages, the fifth in three parts. */
export const BUILD_STEPS: readonly BuildStep[] = [
  { stage: 'orchestrator' },
  { stage: 'requirements_analysis' },
  { stage: 'system_architecture' },
  { stage: 'agent_design' },
  { stage: 'agent_developer_manager', sub_stage: 'tool_developer' },
  { stage: 'agent_developer_manager', sub_stage: 'prompt_engineer' },
  { stage: 'agent_developer_manager', sub_stage: 'agent_code_developer' },
  { stage: 'agent_deployer' },
];

/** The first step that is not completed: where a build begins, or goes on after a crash. */
export function nextStep(stages: readonly Stage[]): BuildStep | undefined {
  return BUILD_STEPS.find(({ stage, sub_stage }) => {
    const state = stages.find(({ stage_name }) => stage_name === stage);
    if (!state || state.status === 'completed') return false;
    return sub_stage === undefined || state.sub_stages?.[sub_stage].status !== 'completed';
  });
}

/** Higher priority first, then the older one; fixed width, so that string order is queue order. */
export function queueOrder(priority: number, created_at: string): string {
  return `${9 - priority}#${created_at}`;
}
