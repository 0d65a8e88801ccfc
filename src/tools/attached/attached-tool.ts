import type { SealedSecret } from '../../platform/secrets/secret-box.js';
import type { ToolConfig } from './tool-config.js';

export const TOOL_RISKS = ['read', 'write', 'destructive'] as const;
/** What a call may do to the world: look, change, or take away. */
export type ToolRisk = (typeof TOOL_RISKS)[number];

export type JsonSchema = Record<string, unknown>;

/** Where a value of the input goes in an HTTP request. `body` alone is the whole body, others are fields of it. */
export type InputPlace = 'path' | 'query' | 'header' | 'body' | 'body_field';

/** An HTTP request with holes in it. `url` holds `{name}` for values of the path. */
export interface HttpCall {
  method: string;
  url: string;
  headers: Record<string, string>;
  places: Record<string, InputPlace>;
  allowed_hosts: string[];
}

/** One thing that an attached tool can do; the model sees each as a tool of its own. */
export interface ToolOperation {
  /** What the model calls it; unique among the tools of an agent. */
  name: string;
  /** What the service itself calls it. */
  operation: string;
  description: string;
  input_schema: JsonSchema;
  risk: ToolRisk;
  /** How it is called; null for operations of an MCP server. */
  call: HttpCall | null;
}

export const CREDENTIAL_TYPES = ['bearer', 'header', 'basic'] as const;

/** A tool outside the platform. It never changes: to change it, delete it and attach it anew. */
export interface AttachedTool {
  tool_id: string;
  org_id: string;
  project_id: string;
  /** Null: every agent of the project has it. */
  agent_id: string | null;
  name: string;
  description: string;
  config: ToolConfig;
  credential: { type: (typeof CREDENTIAL_TYPES)[number]; sealed: SealedSecret } | null;
  operations: ToolOperation[];
  created_by: string;
  created_at: string;
}

/** What a stored credential is bound to when it is sealed. */
export const credentialBinding = ({ org_id, tool_id }: Pick<AttachedTool, 'org_id' | 'tool_id'>): string =>
  `tool:${org_id}:${tool_id}`;
