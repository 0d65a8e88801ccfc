import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ArrayMinSize,
  ValidateNested,
} from 'class-validator';
import { PageQuery } from '../../platform/http/page.dto.js';
import { AGENT_STATUSES, type AgentStatus } from '../agent.js';
import { CHECK_KINDS } from '../agent-example.js';

const commaSeparated = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;

export class ListAgentsQuery extends PageQuery {
  /** Only agents of this project. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Only agents in this state. */
  @IsOptional()
  @IsIn(AGENT_STATUSES)
  status?: AgentStatus;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  category?: string;

  /**
   * Comma-separated. Agents must have all of them.
   * @example ['tool:calculator']
   */
  @IsOptional()
  @Transform(commaSeparated)
  @IsArray()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(200, { each: true })
  capabilities?: string[];

  /** Only agents whose name or description contains this text. Case-insensitive. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  search?: string;
}

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
   * The model for the agent. An empty value restores the one in its definition, or else the platform's. `<provider>:<id>` names a model of another configured provider, such as `openai:gpt-4o`.
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

  /**
   * Names of tools whose calls wait for a person's approval. Calls of tools with the risk `destructive` always do. An empty
   * list removes those set before. Only for agents with the runtime local.
   * @example ['refund_order']
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(100, { each: true })
  requires_approval?: string[];

  /**
   * JSON Schema that every answer of the agent fits, at most 20,000 characters. An empty object removes it. Only for agents with the
   * runtime local whose model can answer in a format. For example
   * `{"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}`.
   */
  @IsOptional()
  @IsObject()
  output_schema?: Record<string, unknown>;
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

export const RUNTIME_KINDS = ['local', 'http', 'agentcore'] as const;

/** Where an agent is to run. */
export class PlaceAgentDto {
  /**
   * local: inside the platform; http: in a container that runs elsewhere already; agentcore: on Amazon Bedrock AgentCore.
   * @example local
   */
  @IsIn(RUNTIME_KINDS)
  runtime: (typeof RUNTIME_KINDS)[number];

  /**
   * The base address of the agent's container, which answers `GET /ping` and `POST /invocations`; needed for http, and only
   * there, such as `https://shop-support.example.com`. It is asked for its ping before the agent is moved.
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  endpoint_url?: string;
}

export class ExampleCheckDto {
  /**
   * contains and not_contains compare text without regard to case, matches takes a regular expression, uses_tool the name of a tool.
   * @example contains
   */
  @IsIn(CHECK_KINDS)
  kind: (typeof CHECK_KINDS)[number];

  /**
   * At most 500 characters. Null for non_empty only.
   * @example '69,104'
   */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  value?: string | null;
}

export class SaveExampleDto {
  /**
   * What a user says, as the first message of a conversation. At most 5,000 characters.
   * @example 'What is 1234 * 56?'
   */
  @IsString()
  @Length(1, 5_000)
  input: string;

  /**
   * What an answer must satisfy: 1 to 10 checks.
   * @example [{"kind": "contains", "value": "69,104"}]
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => ExampleCheckDto)
  checks: ExampleCheckDto[];

  /** The run that it is saved from. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  invocation_id?: string;
}

/** A message that a person saved, and what every later version of the agent must answer to it. */
export class AgentExampleDto {
  /** @example ex_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  example_id: string;

  /** @example 'What is 1234 * 56?' */
  input: string;

  checks: ExampleCheckDto[];

  /** @example inv_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  invocation_id: string | null;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  created_by: string;

  /** @example 2026-11-20T10:00:00.000Z */
  created_at: string;
}

export class AgentExampleListDto {
  examples: AgentExampleDto[];

  /**
   * Number of records on this page.
   * @example 1
   */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedExampleDto {
  /** @example ex_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  example_id: string;

  /** @example true */
  deleted: boolean;
}
