export class ToolOperationDto {
  /**
   * What the model calls it.
   * @example order_status
   */
  name: string;

  /** What the service itself calls it. */
  operation: string;

  description: string;

  /** JSON Schema of the input. */
  input_schema: Record<string, unknown>;

  /**
   * What a call may do: look, change, or take away.
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

  kind: 'http' | 'mcp' | 'openapi';

  /** @example order_status */
  name: string;

  description: string;

  project_id: string;

  /** Null: every agent of the project has the tool. */
  agent_id: string | null;

  /** How it is reached; an OpenAPI document given in the request is not kept. */
  config: Record<string, unknown>;

  credential: StoredCredentialDto | null;

  operations: ToolOperationDto[];

  created_by: string;

  created_at: string;
}

export class ToolListDto {
  tools: ToolDto[];

  /** Tools on this page. */
  total: number;

  /** Cursor of the next page, null at the end. */
  last_key: string | null;
}

export class DeletedToolDto {
  tool_id: string;
}

export class ToolTrialDto {
  operation: string;

  /** @example success */
  status: 'success' | 'failed';

  /** What the model would get: any JSON; cut when it is over 16 KB. */
  output: unknown;

  /** Why there is no output. */
  error: string | null;

  /** @example 84.2 */
  duration_ms: number;
}
