import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsInt, IsObject, IsOptional, IsString, Length, MaxLength, Min } from 'class-validator';

/** A tool of a definition. `builtin` takes only a name, `code` everything but tool_id, `attached` a name and tool_id. */
export class DefinedToolDto {
  /**
   * builtin takes only a name; code takes everything but tool_id; attached takes a name and a tool_id.
   * @example builtin
   */
  kind: 'builtin' | 'code' | 'attached';

  /** @example calculator */
  name: string;

  /** For the model. Required for code. */
  description?: string;

  /** JSON Schema of the input, of type object. Required for code. */
  input_schema?: Record<string, unknown>;

  /** JavaScript that defines `run(input)`, at most 20,000 characters. It runs in a sandbox. Required for code. */
  source?: string;

  /** At most 20 tests, each with an input and the expected output. The definition is stored only if all pass. */
  tests?: Record<string, unknown>[];

  /** Id of the attached tool. Required for attached. */
  tool_id?: string;
}

/** A specialist of a team: an agent of its own, which the agent calls as the tool `ask_<name>`. */
export class TeamMemberDto {
  /**
   * Lowercase letters, digits and `_`, starting with a letter, at most 50 characters. Unique in the team.
   * @example billing
   */
  name: string;

  /**
   * Tells the agent when to give this member a task.
   * @example 'Works out prices and refunds'
   */
  description: string;

  /**
   * Completes "You are …".
   * @example 'the billing specialist of a shop'
   */
  role: string;

  /**
   * 1 to 50,000 characters. The member sees this and its task, not the conversation.
   * @example 'You work out prices. Show each calculation in one line.'
   */
  system_prompt: string;

  /**
   * The member's model. Null or absent for the agent's model.
   * @example null
   */
  model_id?: string | null;

  /** At most 50. An attached tool that is listed here is no longer offered to the agent itself. */
  @ApiPropertyOptional({ type: [DefinedToolDto], example: [{ kind: 'builtin', name: 'calculator' }] })
  tools?: DefinedToolDto[];

  /**
   * Names of the documents in `knowledge` that the member can search. All if absent.
   * @example ['delivery.md']
   */
  documents?: string[];
}

const TEAM_EXAMPLE = [
  {
    name: 'billing',
    description: 'Works out prices and refunds',
    role: 'the billing specialist of a shop',
    system_prompt: 'You work out prices. Show each calculation in one line.',
    tools: [{ kind: 'builtin', name: 'calculator' }],
    documents: [],
  },
];

export class KnowledgeDocumentDto {
  /** @example delivery.md */
  name: string;

  /**
   * Text or Markdown, at most 1,000,000 characters. A form feed (U+000C) starts a new page.
   * @example 'Our delivery takes 3 working days.'
   */
  content: string;
}

export class AgentMemoryDto {
  /**
   * Maximum number of messages of the conversation that the agent sees, 0 to 500. 0 means none. Defaults to 200.
   * @example 200
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 500 })
  max_messages?: number;

  /**
   * Maximum number of tokens of the conversation that the agent sees, estimated by size. The oldest messages are dropped first.
   * Defaults to 16,000.
   * @example 16000
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 100, maximum: 1_000_000 })
  max_tokens?: number;
}

/** Bounds of one run. */
export class AgentLimitsDto {
  /**
   * Maximum number of model calls of the agent, 1 to 50. Defaults to 8. Each task of a team member has its own limit of the same
   * size.
   * @example 8
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 50 })
  max_steps?: number;

  /**
   * Time limit of a run in seconds, at most 600. Defaults to 60.
   * @example 60
   */
  @ApiPropertyOptional({ minimum: 0.001, maximum: 600 })
  timeout_seconds?: number;

  /**
   * Maximum output tokens of one model call, 1 to 65,536. Defaults to 2,048.
   * @example 2048
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 65_536 })
  max_output_tokens?: number;

  /**
   * Maximum input and output tokens of all model calls of a run together. No limit if absent.
   * @example 50000
   */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100_000_000 })
  max_total_tokens?: number;

  /** Maximum cost of all model calls of a run together, in US dollars. No limit if absent. Requires a model with a known price. */
  @ApiPropertyOptional({ minimum: 0.000001, maximum: 10_000, example: 0.5 })
  max_cost_usd?: number;
}

/** What an agent is: its `agent.json`. */
export class AgentDefinitionDto {
  /** @example '1' */
  @ApiPropertyOptional({ enum: ['1'] })
  schema_version?: '1';

  /**
   * Lowercase letters, digits, `_` and `-`, starting with a letter or digit, at most 100 characters. Part of the agent's id.
   * @example price_helper
   */
  agent_name: string;

  /**
   * The name that people see. Defaults to the agent's name.
   * @example 'Price helper'
   */
  display_name?: string;

  /** @example 'Works out what a basket costs' */
  description: string;

  /**
   * Completes "You are …". Defaults to the description.
   * @example 'a price helper for the staff of a shop'
   */
  role?: string;

  /**
   * 1 to 50,000 characters.
   * @example 'You work out prices for the staff of a shop. Show each calculation in one line.'
   */
  system_prompt: string;

  /**
   * Null for the platform's model. `<provider>:<id>` names a model of another configured provider.
   * @example null
   */
  model_id?: string | null;

  /** At most 50. */
  @ApiPropertyOptional({ type: [DefinedToolDto], example: [{ kind: 'builtin', name: 'calculator' }] })
  tools?: DefinedToolDto[];

  /**
   * At most 8 members. The agent calls each as a tool. Members run within the agent's run and share its time, token and cost limits
   * and its budgets.
   */
  @ApiPropertyOptional({ type: [TeamMemberDto], maxItems: 8, example: TEAM_EXAMPLE })
  team?: TeamMemberDto[];

  /**
   * Names of tools whose calls require approval.
   * @example []
   */
  requires_approval?: string[];

  /** JSON Schema that every answer matches. */
  output_schema?: Record<string, unknown>;

  /** @example ['text_generation'] */
  capabilities?: string[];

  /** @example ['Say so when you do not know something.'] */
  guardrails?: string[];

  memory?: AgentMemoryDto;

  limits?: AgentLimitsDto;

  /** At most 50 documents that the agent can search. */
  knowledge?: KnowledgeDocumentDto[];

  /** @example ['shop'] */
  tags?: string[];
}

export class CreateAgentDto {
  /** The definition, such as the `agent.json` of a build. */
  @IsObject()
  @ApiProperty({
    type: AgentDefinitionDto,
    example: {
      agent_name: 'price_helper',
      description: 'Works out what a basket costs',
      system_prompt: 'You work out prices for the staff of a shop. Show each calculation in one line.',
      tools: [{ kind: 'builtin', name: 'calculator' }],
      knowledge: [{ name: 'delivery.md', content: 'Our delivery takes 3 working days.' }],
    },
  })
  definition: AgentDefinitionDto;

  /**
   * The project that the agent joins. If absent, the agent gets its own project.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** @example finance */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  category?: string;
}

/** The revision, and at least one field. Each field that is sent replaces the old one as a whole. */
export class EditDefinitionDto {
  /**
   * The revision that you read. Returns 409 if the agent has changed since.
   * @example 1
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  revision: number;

  /**
   * Whether the agent runs the new version immediately. Defaults to true. Send false to store it for a rollout.
   * @example true
   */
  @IsOptional()
  @IsBoolean()
  activate?: boolean;

  /** @example 'Price helper' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  display_name?: string;

  /** @example 'Works out what a basket costs' */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string;

  /** @example 'a price helper for the staff of a shop' */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  role?: string;

  /** @example 'You work out prices for the staff of a shop. Show each calculation in one line.' */
  @IsOptional()
  @IsString()
  @Length(1, 50_000)
  system_prompt?: string;

  /**
   * The model. An empty value restores the platform's model. `<provider>:<id>` names a model of another configured provider.
   * @example ''
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  model_id?: string;

  /** At most 50. The tests of each code tool must pass. */
  @IsOptional()
  @IsArray()
  @IsObject({ each: true })
  @ApiPropertyOptional({ type: [DefinedToolDto], example: [{ kind: 'builtin', name: 'calculator' }] })
  tools?: DefinedToolDto[];

  /** At most 8 members that the agent calls as tools. An empty list removes the team. */
  @IsOptional()
  @IsArray()
  @IsObject({ each: true })
  @ApiPropertyOptional({ type: [TeamMemberDto], maxItems: 8, example: TEAM_EXAMPLE })
  team?: TeamMemberDto[];

  /**
   * Names of tools whose calls require approval.
   * @example []
   */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  requires_approval?: string[];

  /**
   * JSON Schema that every answer matches. An empty object removes it.
   * @example {}
   */
  @IsOptional()
  @IsObject()
  output_schema?: Record<string, unknown>;

  /** @example ['Say so when you do not know something.'] */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  guardrails?: string[];

  @IsOptional()
  @IsObject()
  @ApiPropertyOptional({ type: AgentMemoryDto, example: { max_messages: 200, max_tokens: 16000 } })
  memory?: AgentMemoryDto;

  @IsOptional()
  @IsObject()
  @ApiPropertyOptional({ type: AgentLimitsDto, example: { max_steps: 8, timeout_seconds: 60 } })
  limits?: AgentLimitsDto;

  /** At most 50 documents with 5,000,000 characters in total. An empty list removes all. */
  @IsOptional()
  @IsArray()
  @IsObject({ each: true })
  @ApiPropertyOptional({
    type: [KnowledgeDocumentDto],
    example: [{ name: 'delivery.md', content: 'Our delivery takes 3 working days.' }],
  })
  knowledge?: KnowledgeDocumentDto[];
}

/** What an agent runs now. */
export class DefinitionDto {
  /** @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:price_helper */
  agent_id: string;

  /** @example v1.0.1 */
  version: string;

  /**
   * Send it when you edit the definition. It increases by one with every change to the agent.
   * @example 2
   */
  revision: number;

  @ApiProperty({ type: AgentDefinitionDto })
  definition: object;
}

export class AgentDocumentDto {
  /** @example rates.pdf */
  name: string;

  /** @example 4711 */
  characters: number;

  /**
   * Number of pages. 1 for a document without pages.
   * @example 3
   */
  pages: number;
}

export class AgentDocumentListDto {
  documents: AgentDocumentDto[];

  /** @example 1 */
  total: number;
}
