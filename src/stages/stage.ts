export const STAGE_NAMES = [
  'orchestrator',
  'requirements_analysis',
  'system_architecture',
  'agent_design',
  'agent_developer_manager',
  'agent_deployer',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

export const SUB_STAGE_NAMES = ['tool_developer', 'prompt_engineer', 'agent_code_developer'] as const;
export type SubStageName = (typeof SUB_STAGE_NAMES)[number];

export const STAGE_STATUSES = ['pending', 'running', 'completed', 'failed'] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

export interface SubStage {
  status: StageStatus;
  started_at: string | null;
  completed_at: string | null;
  artifacts: string[];
}

/** One of the six steps of a build. Its life: pending → running → completed | failed; failed → running on a retry. */
export interface Stage {
  stage_name: StageName;
  stage_number: number;
  display_name: string;
  status: StageStatus;
  progress: number;
  started_at: string | null;
  completed_at: string | null;
  duration_seconds: number | null;
  agent_name: string | null;
  error_message: string | null;
  output_data: Record<string, unknown> | null;
  artifacts: string[];
  /** Model calls of this stage; null until it has run. */
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  /** What its model calls cost in US dollars at list price; null when the price of a model is not known. */
  cost_usd: number | null;
  tool_calls: number;
  sub_stages?: Record<SubStageName, SubStage>;
}

export interface StageInfo {
  stage_name: StageName;
  stage_number: number;
  display_name: string;
  /** Share of the build in percent; the six add up to 100. */
  weight: number;
  sub_stages: { sub_stage_name: SubStageName; display_name: string; weight: number }[];
}

const info = (stage_number: number, stage_name: StageName, display_name: string, weight: number): StageInfo => ({
  stage_name,
  stage_number,
  display_name,
  weight,
  sub_stages:
    stage_name === 'agent_developer_manager'
      ? [
          { sub_stage_name: 'tool_developer', display_name: 'Tool development', weight: 0.4 },
          { sub_stage_name: 'prompt_engineer', display_name: 'Prompt engineering', weight: 0.3 },
          { sub_stage_name: 'agent_code_developer', display_name: 'Agent code', weight: 0.3 },
        ]
      : [],
});

/** The six stages in order with their weights, as the platform contract fixes them. */
export const STAGES: readonly StageInfo[] = [
  info(1, 'orchestrator', 'Orchestrator', 5),
  info(2, 'requirements_analysis', 'Requirements analysis', 10),
  info(3, 'system_architecture', 'System architecture', 15),
  info(4, 'agent_design', 'Agent design', 15),
  info(5, 'agent_developer_manager', 'Agent development', 45),
  info(6, 'agent_deployer', 'Agent deployment', 10),
];

export function stageInfo(name: StageName): StageInfo {
  const found = STAGES.find((stage) => stage.stage_name === name);
  if (!found) throw new RangeError(`no stage is called ${name}`);
  return found;
}
