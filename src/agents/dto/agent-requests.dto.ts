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
   * Only agents that have all of these capabilities. Comma-separated.
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
   * The label of an existing version, which the agent then runs, or a new label, which creates a version with the current
   * definition. Labels of the form v1.0.<number> are reserved for builds and edits.
   * @example v1.1.0
   */
  @IsOptional()
  @IsString()
  @Length(1, 50)
  version?: string;

  /**
   * The model for the agent. An empty value restores the model in its definition, or else the platform's. `<provider>:<id>` names a
   * model of another configured provider, such as `openai:gpt-4o`.
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
   * Names of tools whose calls require approval, in addition to those that the definition names and to tools whose risk is
   * `destructive`. An empty list clears the setting. Only for agents on the `local` runtime.
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
   * JSON Schema that every answer of the agent matches, at most 20,000 characters. An empty object removes it. Only for agents on
   * the `local` runtime whose model supports structured output. For example
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
   * local: inside the platform; http: in a container that already runs elsewhere; agentcore: on Amazon Bedrock AgentCore.
   * @example local
   */
  @IsIn(RUNTIME_KINDS)
  runtime: (typeof RUNTIME_KINDS)[number];

  /**
   * The base URL of the agent's container, such as `https://shop-support.example.com`, which serves `GET /ping` and
   * `POST /invocations`. Required for http; not allowed otherwise. The platform pings it before moving the agent.
   */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  endpoint_url?: string;
}

export class ExampleCheckDto {
  /**
   * contains and not_contains take a text, matches takes a JavaScript regular expression, uses_tool the name of a tool, non_empty
   * nothing. Case is ignored, except in the name of a tool.
   * @example contains
   */
  @IsIn(CHECK_KINDS)
  kind: (typeof CHECK_KINDS)[number];

  /**
   * At most 500 characters. Required, except for non_empty.
   * @example '69,104'
   */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  value?: string | null;
}

export class SaveExampleDto {
  /**
   * The user's message, as the first of a conversation. At most 5,000 characters.
   * @example 'What is 1234 * 56?'
   */
  @IsString()
  @Length(1, 5_000)
  input: string;

  /**
   * Checks that the answer must pass, 1 to 10.
   * @example [{"kind": "contains", "value": "69,104"}]
   */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => ExampleCheckDto)
  checks: ExampleCheckDto[];

  /** The run that the example is saved from. */
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
