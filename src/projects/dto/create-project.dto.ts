import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
  IsBoolean,
  IsIn,
} from 'class-validator';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { STAGE_NAMES, type StageName } from '../../stages/stage.js';
import {
  CONTROL_ACTIONS,
  type ControlAction,
  type VisibleStatus,
  PROJECT_STATUSES,
  type ProjectStatus,
} from '../project.js';
import { PageQuery } from '../../platform/http/page.dto.js';

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

/** A name by stage. Any other key is refused, and the error names it. */
class AgentNameMapDto {}
for (const name of STAGE_NAMES) {
  const asText = { type: String, minLength: 1, maxLength: 200, example: 'shop-support' };
  for (const decorate of [ApiPropertyOptional(asText), IsOptional(), IsString(), Length(1, 200)])
    decorate(AgentNameMapDto.prototype, name);
}

/** What someone needs, in plain words. */
export class CreateProjectDto {
  /**
   * A paragraph that says what the agent should do, 10 to 5,000 characters after trimming.
   * @example 'A support assistant for our web shop: it calculates discounts, converts prices between units and answers questions about delivery. Our delivery takes 3 working days.'
   */
  @Transform(trimmed)
  @IsString()
  @Length(10, 5000)
  requirement: string;

  /**
   * A name for the project. Derived from the requirement if absent.
   * @example 'Shop support'
   */
  @IsOptional()
  @Transform(trimmed)
  @IsString()
  @Length(1, 200)
  project_name?: string;

  /**
   * The user that the project belongs to. Defaults to the caller.
   * @example 'ada'
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /** @example 'Ada Lovelace' */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_name?: string;

  /**
   * 1 to 5, 3 by default. Waiting builds with the highest priority start first.
   * @example 3
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  priority?: number;

  /**
   * At most 20 labels of at most 100 characters.
   * @example ['support', 'shop']
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(100, { each: true })
  tags?: string[];

  /**
   * A name for the agent. If absent, the first stage of the build chooses one.
   * @example 'shop-support'
   */
  @IsOptional()
  @Transform(trimmed)
  @IsString()
  @Length(1, 200)
  agent_name?: string;

  /**
   * The model for the build and for the agent. Defaults to the platform's. `<provider>:<id>` names a model of another configured provider, such as `openai:gpt-4o`.
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model_id?: string;

  /**
   * Build the agent even if its acceptance examples prove none of the functional requirements. Its `coverage` then says so.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  accept_unproven?: boolean;

  /**
   * The `agent_name` to report for each stage. Unless `agent_name` is set, the built agent is named after the entry for
   * `agent_deployer`, or else `agent_developer_manager`, or else `orchestrator`.
   */
  @IsOptional()
  @ValidateNested()
  @Type(() => AgentNameMapDto)
  @ApiPropertyOptional({ type: () => AgentNameMapDto })
  agent_name_map?: Partial<Record<StageName, string>>;
}

export class ControlProjectDto {
  /**
   * pause: from building or pending; resume: from paused; stop: from any unfinished state; restart: from failed or completed.
   * @example pause
   */
  @IsIn(CONTROL_ACTIONS)
  action: ControlAction;

  /**
   * Stored as control_reason. At most 500 characters.
   * @example 'Waiting for the new price list'
   */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** restart only: reruns every stage instead of keeping the completed stages of a failed build. */
  @IsOptional()
  @IsBoolean()
  from_scratch?: boolean;

  /** restart only: reruns this stage and those after it. The stages before it must be completed. */
  @IsOptional()
  @IsIn(STAGE_NAMES)
  from_stage?: StageName;
}

/** A change to an agent that a build makes. */
export class ReviseProjectDto {
  /**
   * The change to make, 10 to 2,000 characters after trimming.
   * @example 'It should also convert prices from euros to pounds, at a rate that the user gives.'
   */
  @Transform(trimmed)
  @IsString()
  @Length(10, 2000)
  change: string;

  /** The agent to change. Required only if the project has several agents. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;

  /**
   * Complete the build even if its acceptance examples prove none of the functional requirements. Defaults to the project's setting.
   * @example false
   */
  @IsOptional()
  @IsBoolean()
  accept_unproven?: boolean;
}

/** The project's state after the control was stored. */
export class ControlResultDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  project_id: string;

  /** @example pause */
  action: ControlAction;

  /**
   * `pausing` until the running step has ended.
   * @example pausing
   */
  status: VisibleStatus;

  /** @example 'Waiting for the new price list' */
  reason: string | null;

  /** @example 1 */
  attempt: number;

  /** @example 2026-11-20T10:00:00.000Z */
  updated_at: string;
}

export class ListProjectsQuery extends PageQuery {
  /** Only projects in this state. */
  @IsOptional()
  @IsIn(PROJECT_STATUSES)
  status?: ProjectStatus;

  /** Only projects of this user. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  user_id?: string;

  /** Only projects whose name or requirement contains this text. Case-insensitive. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  search?: string;
}
