import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  FORMATS,
  type FormatName,
  PAGINATION_KINDS,
  type Pagination,
  type Risk,
  RISKS,
} from '../catalogue/operation.js';
import { ANY_JSON } from '../../platform/http/api-docs.js';
import { INTEGRATION_STATUSES, type IntegrationStatus, MOCK_MODES, type MockMode } from '../integration.js';
import { IsIn, IsOptional } from 'class-validator';

export class ImportStateDto {
  /** @example imp_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  run_id: string;

  /** The version that the import creates. */
  version: number;

  /** @example done */
  status: 'running' | 'done' | 'failed';

  /** Why the import failed. */
  failure: string | null;

  started_at: string;

  ended_at: string | null;
}

/** Operations by what a call may do to data of the API. */
export class RisksDto {
  read: number;
  write: number;
  destructive: number;
}

export class IntegrationDto {
  /** @example int_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  integration_id: string;

  /** @example Shop API */
  name: string;

  @ApiProperty({ enum: INTEGRATION_STATUSES, example: 'ready' })
  status: IntegrationStatus;

  /** The current or last import. Null until the document is stored. */
  import: ImportStateDto | null;

  @ApiProperty({ enum: FORMATS, example: 'openapi' })
  format: FormatName;

  /** @example 3.1.0 */
  format_version: string;

  /** The document's own title. */
  title: string;

  /** The version of the API, as given in the document. */
  api_version: string;

  description: string;

  /** Overrides the servers in the document. */
  base_url: string | null;

  /** Server URLs in the document. Calls go to the first. */
  servers: string[];

  /** The URL that the document was fetched from. */
  source_url: string | null;

  /** Used for each call that does not name another credential. */
  credential_id: string | null;

  /** The current version, starting at 1. 0 until the first import is done. */
  version: number;

  /** @example 24 */
  operation_count: number;

  /** Number of operations that can be called: all except AsyncAPI messages. */
  callable_count: number;

  risks: RisksDto;

  /** Whether a mock of the API is off, served, or used instead of the API. */
  @ApiProperty({ enum: MOCK_MODES })
  mock: MockMode;

  created_by: string;

  created_at: string;

  updated_at: string;
}

export class IntegrationListDto {
  integrations: IntegrationDto[];

  /** Number of integrations on this page. */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class DeletedIntegrationDto {
  integration_id: string;
}

export class PaginationDto implements Pagination {
  @ApiProperty({ enum: PAGINATION_KINDS, example: 'cursor' })
  kind: Pagination['kind'];

  /** The input parameter that selects a page. Null for `link` and `none`. */
  param: string | null;

  /** The input parameter that sets the number of items per page. */
  size_param: string | null;

  /** Dotted path of the response field that holds the value of `param`, or the URL, for the next page. */
  next_field: string | null;

  /** Dotted path of the items in the response. Empty if the response itself is the list. */
  items_field: string | null;
}

export class AuthSchemeDto {
  /** The scheme's name in the document. */
  name: string;

  type: 'bearer' | 'basic' | 'api_key' | 'oauth2' | 'other';

  /** For an API key: header, query or cookie. */
  in?: string;

  /** For an API key: the name of the header, parameter or cookie. */
  param?: string;

  scopes?: string[];
}

export class OperationErrorDto {
  /** @example 404 */
  status: string;

  description: string;
}

export class RateLimitDto {
  /** Names of the headers that report the remaining requests. */
  headers: string[];
}

export class OperationDto {
  /**
   * Stable as long as method and path stay the same.
   * @example op_a9fe6cce1db098e1
   */
  operation_id: string;

  /** The operation's id in the document. */
  source_id: string | null;

  /**
   * Unique in the integration, at most 64 characters.
   * @example getOrder
   */
  name: string;

  /** @example GET */
  method: string;

  /** @example /orders/{number} */
  path: string;

  summary: string;

  description: string;

  tags: string[];

  /** JSON Schema of the input. A schema that is too large for the response is replaced by a `$comment`. */
  input_schema: Record<string, unknown>;

  /** JSON Schema of a successful response. Null if the document has none. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  output_schema: Record<string, unknown> | null;

  errors: OperationErrorDto[];

  @ApiProperty({ enum: RISKS, example: 'read' })
  risk: Risk;

  idempotent: boolean;

  /** Whether the operation can be called. False for AsyncAPI messages, which are only listed. */
  callable: boolean;

  pagination: PaginationDto;

  /** Alternative ways to authenticate. The schemes in a group are required together. */
  @ApiProperty({ type: 'array', items: { type: 'array', items: { $ref: '#/components/schemas/AuthSchemeDto' } } })
  auth: AuthSchemeDto[][];

  rate_limit: RateLimitDto | null;

  deprecated: boolean;

  /** JSON pointer to the operation in the document. */
  pointer: string;
}

export class OperationListDto {
  operations: OperationDto[];

  /** Number of matching operations. */
  total: number;

  /** Cursor of the next page. Null on the last page. */
  last_key: string | null;
}

export class MismatchDto {
  /** JSON pointer into the response. */
  pointer: string;

  message: string;
}

export class OperationResultDto {
  operation_id: string;

  name: string;

  method: string;

  path: string;

  @ApiProperty({ enum: RISKS })
  risk: Risk;

  /**
   * HTTP status of the API's response.
   * @example 200
   */
  status: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers: Record<string, string>;

  /** JSON or text. Null with all_pages. */
  @ApiProperty(ANY_JSON)
  body: unknown;

  /** With all_pages: the items of every page. */
  @ApiProperty({ type: 'array', items: {}, nullable: true })
  items: unknown[] | null;

  pages: number;

  /** False if a limit was reached before the last page. */
  complete: boolean;

  /** Whether the response matches the document. Null if the document does not describe the response. */
  valid: boolean | null;

  mismatches: MismatchDto[];

  /** @example 84.2 */
  duration_ms: number;
}

export class AttachedOperationDto {
  /** The tool name that the model sees. */
  name: string;

  operation_id: string;

  @ApiProperty({ enum: RISKS })
  risk: Risk;
}

export class AttachedOperationsDto {
  /** @example tool_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  tool_id: string;

  integration_id: string;

  name: string;

  project_id: string;

  /** Null if every agent of the project has the operations. */
  agent_id: string | null;

  operations: AttachedOperationDto[];
}

export class TurnMockDto {
  /** `on` serves the mock; `instead` also uses it to answer operation calls. */
  @ApiPropertyOptional({ enum: MOCK_MODES, default: 'on', example: 'on' })
  @IsOptional()
  @IsIn(MOCK_MODES)
  mode?: MockMode;
}

export class MockDto {
  integration_id: string;

  mode: MockMode;

  /**
   * The mock's path on this platform. Null when the mock is off.
   * @example /mock/int_01KAG4ZQ4N5B1M6Z6K0TQX0N3R
   */
  path: string | null;
}
