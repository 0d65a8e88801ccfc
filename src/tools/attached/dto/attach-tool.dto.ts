import { IsIn, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import { PageQuery } from '../../../platform/http/page.dto.js';
import { Packed } from '../../../platform/http/storable-body.js';

export const TOOL_KINDS = ['http', 'mcp', 'openapi'] as const;

export class AttachToolDto {
  /**
   * What stands behind the tool.
   * @example http
   */
  @IsIn(TOOL_KINDS)
  kind: 'http' | 'mcp' | 'openapi';

  /**
   * Unique in the project. An HTTP tool is called by it; operations of the others by `<name>_<operation>`.
   * @example order_status
   */
  @IsString()
  @Matches(/^[a-z][a-z0-9_]{0,39}$/, {
    message: 'name must be 1-40 small letters, digits or _, beginning with a letter',
  })
  name: string;

  /**
   * Tells the model when to use it.
   * @example Looks up the state of an order by its number
   */
  @IsString()
  @Length(1, 1000)
  description: string;

  /**
   * How it is reached, by kind. http: `method`, `url` (with `{holes}` for inputs), `input_schema`, `headers`,
   * `allowed_hosts`. mcp: `transport` of type `streamable_http` with `url`, or `stdio` with `command` and `args`;
   * `operations` to choose from. openapi: `url` or `document`, `server_url`, `operations`.
   * @example { "method": "GET", "url": "https://api.example.com/orders/{number}", "input_schema": { "type": "object", "properties": { "number": { "type": "string" } }, "required": ["number"] } }
   */
  @Packed()
  @IsObject()
  config: Record<string, unknown>;

  /**
   * Presented with each call; stored encrypted and never shown again. `type` is bearer (`token`), header (`name`, `value`)
   * or basic (`username`, `password`).
   * @example { "type": "bearer", "token": "secret" }
   */
  @IsOptional()
  @IsObject()
  credential?: Record<string, unknown>;

  /**
   * Every agent of the project gets the tool. Either this or agent_id.
   * @example proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** This agent alone gets the tool. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;
}

export class TestToolDto {
  /** Needed when the tool has several operations. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  operation?: string;

  /**
   * What the model would pass.
   * @example { "number": "A-17" }
   */
  @IsObject()
  input: Record<string, unknown>;
}

export class ListToolsQuery extends PageQuery {
  /** Only tools of this project and of its agents. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  project_id?: string;

  /** Only tools of this agent alone. */
  @IsOptional()
  @IsString()
  @Length(1, 250)
  agent_id?: string;
}
