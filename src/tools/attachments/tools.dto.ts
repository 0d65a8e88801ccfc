import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import { ANY_JSON } from '../../platform/http/api-docs.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import { Packed } from '../../platform/http/validation.pipe.js';
import { TOOL_KIND_NAMES, type ToolKindName } from '../kinds/tool-kinds.js';

export class AttachToolDto {
  /**
   * The kind of service behind the tool.
   * @example http
   */
  @IsIn(TOOL_KIND_NAMES)
  kind: ToolKindName;

  /**
   * Unique in the project. The model calls HTTP tools and flows by this name, operations of other kinds as `<name>_<operation>`.
   * @example order_status
   */
  @IsString()
  @Matches(/^[a-z][a-z0-9_]{0,39}$/, {
    message: 'name must be 1-40 lowercase letters, digits or _, starting with a letter',
  })
  name: string;

  /** Tells the model when to use the tool. */
  @ApiProperty({ example: 'Looks up the state of an order by its number' })
  @IsString()
  @Length(1, 1000)
  description: string;

  /**
   * How to reach the service, by kind. http: `method`, `url` (with `{input}` placeholders), `input_schema`, `headers`,
   * `allowed_hosts`. mcp: `transport` of type `streamable_http` with `url`, or `stdio` with `command` and `args`; `operations` (those
   * to attach; all if omitted). openapi: `url` or `document`, `server_url`, `operations`. integration: `integration_id`, and either
   * `operations` or `risk`. flow: `flow_id`, `version`, `wait_seconds`, `max_cost_usd`.
   * @example { "method": "GET", "url": "https://api.example.com/orders/{number}", "input_schema": { "type": "object", "properties": { "number": { "type": "string" } }, "required": ["number"] } }
   */
  @Packed()
  @IsObject()
  config: Record<string, unknown>;

  /**
   * Sent with each call. Stored encrypted and never shown again. `type` is bearer (`token`), header (`name`, `value`)
   * or basic (`username`, `password`).
   * @example { "type": "bearer", "token": "secret" }
   */
  @IsOptional()
  @IsObject()
  credential?: Record<string, unknown>;

  /**
   * A stored credential (`POST /credentials`), instead of `credential`.
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  credential_id?: string;

  /**
   * Attaches the tool to every agent of the project. Send either this or agent_id.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Attaches the tool to this agent only. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;
}

export class TestToolDto {
  /** Required if the tool has several operations. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  operation?: string;

  /**
   * The input that the model would pass.
   * @example { "number": "A-17" }
   */
  @IsObject()
  input: Record<string, unknown>;
}

export class ListToolsQuery extends PageQuery {
  /** Only tools of this project and its agents. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Only tools attached to this agent itself, not to its project. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;
}

export class ToolOperationDto {
  /**
   * The tool name that the model sees.
   * @example order_status
   */
  name: string;

  /** The operation's name in the service. */
  operation: string;

  description: string;

  /** JSON Schema of the input. */
  input_schema: Record<string, unknown>;

  /**
   * What a call can do: read, write or destructive.
   * @example read
   */
  risk: 'read' | 'write' | 'destructive';
}

export class StoredCredentialDto {
  /**
   * The credential itself is never shown.
   * @example bearer
   */
  type: 'bearer' | 'header' | 'basic';
}

export class ToolDto {
  /** @example tool_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  tool_id: string;

  kind: ToolKindName;

  /** @example order_status */
  name: string;

  description: string;

  project_id: string;

  /** Null if every agent of the project has the tool. */
  agent_id: string | null;

  /** How the tool is reached. An OpenAPI document sent in the request is not stored. */
  config: Record<string, unknown>;

  credential: StoredCredentialDto | null;

  /** The stored credential that calls use. */
  credential_id: string | null;

  operations: ToolOperationDto[];

  created_by: string;

  created_at: string;
}

export class ToolListDto {
  tools: ToolDto[];

  /** Number of tools on this page. */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedToolDto {
  tool_id: string;
}

export class ToolTrialDto {
  operation: string;

  /** @example success */
  status: 'success' | 'failed';

  /** What the model would see: any JSON, truncated above 16 KB. */
  @ApiProperty(ANY_JSON)
  output: unknown;

  /** The error, if there is no output. */
  error: string | null;

  /** @example 84.2 */
  duration_ms: number;
}
