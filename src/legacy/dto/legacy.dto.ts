import type { AgentStatus } from '../../agents/agent.js';
import type { ProjectStatus } from '../../projects/project.js';
import type { RuntimeKind } from '../../runtimes/agent-runtime.js';
import type { StageName, StageStatus } from '../../stages/stage.js';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Length, Max, MaxLength, Min } from 'class-validator';

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

export class LegacyCreateAgentDto {
  /** @example 'An assistant that converts units for engineers' */
  @Transform(trimmed)
  @IsString()
  @Length(10, 5000)
  requirement: string;

  /** @example ada */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_name?: string;

  @IsOptional()
  @Transform(trimmed)
  @IsString()
  @Length(1, 200)
  agent_name?: string;

  /** @example 3 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  priority?: number;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];
}

export class LegacyControlDto {
  /** @example 'Waiting for the new price list' */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** Ignored. The path sets the action. */
  @IsOptional()
  @IsString()
  @MaxLength(20)
  action?: string;
}

export class LegacyCreatedDto {
  /**
   * The project's id.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  task_id: string;

  /** The project's id. */
  session_id: string;

  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  agent_name: string;

  /** @example building */
  status: ProjectStatus;

  /** @example 'The build has started' */
  message: string;
}

export class LegacyTaskDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  task_id: string;

  /**
   * pending, started, success or failure.
   * @example success
   */
  status: 'pending' | 'started' | 'success' | 'failure';

  /** An object with project_id, project_status, progress_percentage, stages_snapshot and agents. */
  result: Record<string, unknown>;

  error: string | null;

  date_done: string | null;
}

export class LegacyStageDto {
  name: StageName;

  display_name: string;

  order: number;

  status: StageStatus;

  started_at: string | null;

  completed_at: string | null;

  error: string | null;
}

export class LegacyStagesDto {
  project_id: string;

  total_stages: number;

  completed_stages: number;

  stages: LegacyStageDto[];

  overall_progress: number;
}

export class LegacyContextDto {
  agent_id: string;

  display_name: string;

  description: string;

  tags: string[];

  /** Path of the artifact that contains the system prompt. */
  system_prompt_path: string;

  code_path: string;

  tools_path: string;

  runtime_model_id: string | null;

  agentcore_runtime_arn: string | null;

  agentcore_runtime_alias: string | null;

  agentcore_region: string | null;
}

export class LegacyRuntimeHealthDto {
  agent_id: string;

  agent_name: string;

  status: AgentStatus;

  runtime_type: RuntimeKind;

  has_agentcore_arn: boolean;

  has_entrypoint: boolean;

  agentcore_arn: string | null;

  entrypoint: string | null;

  /** Whether the agent's status is `running` and its runtime reports that it is ready. */
  is_ready: boolean;

  message: string;
}

export class LegacyStreamDto {
  /**
   * 1 to 100,000 characters.
   * @example 'What is 15% of 80?'
   */
  @IsString()
  @Length(1, 100_000)
  message: string;
}
