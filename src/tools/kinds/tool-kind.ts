import { createHash } from 'node:crypto';
import type { Schema } from 'ai';
import { z } from 'zod';
import { aiSdk } from '../../models/model-provider.js';
import type { ToolContext } from '../tool.js';
import type { Credential } from './credentials.js';

export const TOOL_RISKS = ['read', 'write', 'destructive'] as const;
/** What a call may do to data outside the platform. */
export type ToolRisk = (typeof TOOL_RISKS)[number];

export type JsonSchema = Record<string, unknown>;

/** Where a value of the input goes in an HTTP request. `body` is the whole body; each `body_field` is a field of it. */
export type InputPlace = 'path' | 'query' | 'header' | 'body' | 'body_field';

/** A template of an HTTP request. `url` holds `{name}` for values of the path. */
export interface HttpCall {
  method: string;
  url: string;
  headers: Record<string, string>;
  places: Record<string, InputPlace>;
  allowed_hosts: string[];
}

/** One thing that an attached tool can do. The model sees each operation as a separate tool. */
export interface ToolOperation {
  /** The name that the model calls, unique among the tools of an agent. */
  name: string;
  /** The service's own name for it. */
  operation: string;
  description: string;
  input_schema: JsonSchema;
  risk: ToolRisk;
  /** The HTTP request to send; null for operations of an MCP server, which are called by name. */
  call: HttpCall | null;
}

/** The tool whose operation is called, and the call's credential and signal. */
export interface ToolCall<Config> {
  tool_id: string;
  org_id: string;
  /** Who attached the tool. */
  user_id: string;
  config: Config;
  credential: Credential | undefined;
  /** Of the stored credential, when it is one. */
  credential_id?: string | undefined;
  signal: AbortSignal | undefined;
  /** Sent with the request of an HTTP call. A flow takes its idempotency key from them; other kinds have no use for them. */
  headers?: Record<string, string>;
  /** The agent whose run calls, if one does. */
  agent_id?: string;
  /** How many flows stand above the call; absent: none. */
  depth?: number;
}

/** A call of a tool that the definition of an agent names, in a run of that agent. */
export interface DefinedCall<Config> {
  config: Config;
  run: ToolContext;
}

/**
 * A kind of tool. A kind that can be attached is a folder with a subclass and one line in `TOOL_KINDS`; its name is stored in
 * `config.kind`. The kinds `builtin` and `code` are named by definitions of agents, and called with their runs.
 */
export abstract class ToolKind<Config, Call = ToolCall<Config>> {
  /** What `config` of a request may hold. */
  abstract readonly config_schema: z.ZodType<Config>;

  /**
   * Lists the operations of a tool: of an attached one when it is attached, of one in a definition at each run.
   * @throws ValidationError that names the field below `config` or `credential`, OutgoingRefusedError, RateLimitedError
   */
  abstract discover(
    tool: { tool_id: string; org_id: string; name: string; description: string },
    config: Config,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]>;

  /** Calls an operation with an input that fits its schema. Throws {@link ToolError}; the signal's reason when it is aborted. */
  abstract call(operation: ToolOperation, input: Record<string, unknown>, call: Call): Promise<unknown>;

  /** The input of an operation as the AI SDK takes it. Unless a kind validates it here, `call` does. */
  async aiSchema({ input_schema }: ToolOperation): Promise<Schema> {
    const { jsonSchema } = await aiSdk();
    return jsonSchema(input_schema);
  }

  /** The part of the configuration that calls need; only this is stored. */
  storedConfig(config: Config): Config {
    return config;
  }

  /** Frees what this process holds open for a deleted tool. */
  async release(_tool_id: string): Promise<void> {}
}

export const addressSchema = z.string().min(1).max(2000);
export const chosenOperationsSchema = z.array(z.string().min(1).max(200)).max(50).optional();

/** The longest name that every model provider accepts. */
const NAME_MAX = 64;

/** `<tool>_<operation>` in letters, digits and `_`. A name over 64 characters is cut and ends with a short hash. */
export function operationName(tool: string, operation: string): string {
  const words = operation.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
  const name = `${tool}_${words}`;
  if (name.length <= NAME_MAX) return name;
  const hash = createHash('sha256').update(operation).digest('hex').slice(0, 6);
  return `${name.slice(0, NAME_MAX - hash.length - 1)}_${hash}`;
}

/** More operations would crowd the model's context. */
const OPERATIONS_MAX = 50;
const NAMED_IN_ERROR = 20;

/** The operations that a tool keeps, or the wrong field of the request and the reason. */
export function chosenOperations<T extends { operation: string }>(
  all: T[],
  wanted: readonly string[] | undefined,
): { kept: T[] } | { field: string; problem: string } {
  const there = new Set(all.map(({ operation }) => operation));
  const unknown = (wanted ?? []).filter((name) => !there.has(name));
  if (unknown.length > 0)
    return { field: 'config.operations', problem: `names unknown operations: ${unknown.join(', ')}` };
  const kept = wanted ? all.filter(({ operation }) => wanted.includes(operation)) : all;
  if (kept.length === 0) return { field: 'config', problem: 'offers no operation' };
  if (kept.length <= OPERATIONS_MAX) return { kept };
  const names = kept.slice(0, NAMED_IN_ERROR).map(({ operation }) => operation.slice(0, 200));
  const problem = `must choose at most ${OPERATIONS_MAX}; there are ${kept.length}: ${names.join(', ')}...`;
  return { field: 'config.operations', problem };
}
