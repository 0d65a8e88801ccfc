import { ArrayMaxSize, IsArray, IsIn, IsNotEmpty, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { AGENT_STATUSES, type AgentStatus } from '../agent.js';

/** At least one field. */
export class UpdateAgentDto {
  /** @example 'Answers questions about our shop' */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  description?: string;

  /** @example support */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  category?: string;

  /**
   * The label of an existing version, which the agent then runs, or a new label, which makes a version with the definition that runs now.
   * Labels of the form v1.0.<number> are given by builds.
   * @example v1.1.0
   */
  @IsOptional()
  @IsString()
  @Length(1, 50)
  version?: string;

  /**
   * The model that the agent runs on from now on; empty: the one of its definition, else the platform's. `<provider>:<id>` names a model of another provider that is set up.
   * @example 'gpt-4o'
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  model_id?: string;

  /** @example ['text_generation', 'tool:calculator'] */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(200, { each: true })
  capabilities?: string[];

  /** @example ['shop'] */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];
}

export class SetAgentStatusDto {
  /** @example offline */
  @IsIn(AGENT_STATUSES)
  status: AgentStatus;

  /** @example 'Under maintenance until noon' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  error_message?: string;
}

export class RollbackAgentDto {
  /** @example v1.0.0 */
  @IsString()
  @Length(1, 50)
  version: string;
}
