import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OutgoingHttp } from '../../../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../../../platform/outgoing/outgoing.errors.js';
import { DomainError, ValidationError } from '../../../shared/domain-error.js';
import { ToolError } from '../../tool.js';
import { type Credential, withoutCredential } from '../credentials.js';
import { toolErrorOf } from '../http/http.kind.js';
import {
  addressSchema,
  chosenOperations,
  chosenOperationsSchema,
  operationName,
  type ToolCall,
  ToolKind,
  type ToolOperation,
  type ToolRisk,
} from '../tool-kind.js';
import { MCP_TIMEOUT_MS, McpConnections } from './mcp-connections.js';

const mcpConfigSchema = z.strictObject({
  kind: z.literal('mcp'),
  transport: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('streamable_http'), url: addressSchema }),
    z.strictObject({
      type: z.literal('stdio'),
      command: z.string().min(1).max(500),
      args: z.array(z.string().max(2000)).max(50).default([]),
    }),
  ]),
  operations: chosenOperationsSchema,
});

type McpToolConfig = z.infer<typeof mcpConfigSchema>;

const PAGES_MAX = 20;
const SESSION_GONE = 404;
const DESCRIPTION_MAX = 1_000;

interface ListedTool {
  name: string;
  description?: string | undefined;
  inputSchema: Record<string, unknown>;
  annotations?: { readOnlyHint?: boolean | undefined; destructiveHint?: boolean | undefined } | undefined;
}

/** Tools of an MCP server: listed when the server is attached, called by name. */
@Injectable()
export class McpToolKind extends ToolKind<McpToolConfig> {
  readonly config_schema = mcpConfigSchema;

  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly connections: McpConnections,
  ) {
    super();
  }

  async discover(
    { tool_id, name }: { tool_id: string; name: string },
    { transport, operations }: McpToolConfig,
    credential: Credential | undefined,
  ): Promise<ToolOperation[]> {
    if (transport.type === 'streamable_http') this.outgoing.check(transport.url);
    else if (credential) throw ValidationError.field('credential', 'cannot be used with stdio: use streamable_http');
    const listed = await this.listed(tool_id, transport, credential);
    const chosen = chosenOperations(
      listed.map((one) => operationOf(name, one)),
      operations,
    );
    if ('problem' in chosen) throw ValidationError.field(chosen.field, chosen.problem);
    return chosen.kept;
  }

  /** A server that died is started or connected to again by the next call. */
  async call(
    { operation }: ToolOperation,
    input: Record<string, unknown>,
    { tool_id, config, credential, signal }: ToolCall<McpToolConfig>,
  ): Promise<unknown> {
    const attempt = async (): Promise<unknown> => {
      const connection = await this.connections.get(tool_id, config.transport, credential);
      const limits = { timeout: MCP_TIMEOUT_MS, ...(signal ? { signal } : {}) };
      return connection.use((client) => client.callTool({ name: operation, arguments: input }, limits));
    };
    try {
      return contentOf(await this.again(tool_id, attempt), credential);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ToolError) throw error;
      if (error instanceof OutgoingRefusedError) throw toolErrorOf(error, MCP_TIMEOUT_MS);
      throw new ToolError(`The MCP server failed: ${withoutCredential(reasonOf(error), credential)}.`, {
        cause: error,
      });
    }
  }

  override async release(tool_id: string): Promise<void> {
    await this.connections.close(tool_id);
  }

  /** @throws ValidationError when the server cannot be reached or does not speak the protocol */
  private async listed(
    key: string,
    transport: McpToolConfig['transport'],
    credential: Credential | undefined,
  ): Promise<ListedTool[]> {
    try {
      const connection = await this.connections.get(key, transport, credential);
      const listed: ListedTool[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const params = cursor === undefined ? {} : { cursor };
        const answer = await connection.use((client) => client.listTools(params, { timeout: MCP_TIMEOUT_MS }));
        listed.push(...(answer.tools as ListedTool[]));
        cursor = answer.nextCursor;
        if (cursor === undefined) break;
      }
      return listed;
    } catch (error) {
      await this.connections.close(key);
      if (error instanceof DomainError && error.code === 'VALIDATION_ERROR') throw error;
      const reason = withoutCredential(reasonOf(error), credential);
      throw ValidationError.field('config.transport', `does not respond as an MCP server: ${reason}`);
    }
  }

  /** A server that has lost the session did not run the call, so one retry is safe. */
  private async again(key: string, attempt: () => Promise<unknown>): Promise<unknown> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Error) || (error as Error & { status?: unknown }).status !== SESSION_GONE) throw error;
      await this.connections.close(key);
      return attempt();
    }
  }
}

function operationOf(tool: string, { name, description, inputSchema, annotations }: ListedTool): ToolOperation {
  return {
    name: operationName(tool, name),
    operation: name,
    description: (description ?? name).slice(0, DESCRIPTION_MAX),
    input_schema: inputSchema,
    risk: riskOf(annotations),
    call: null,
  };
}

/** Without annotations, assume that the tool writes: the protocol's defaults are cautious too. */
function riskOf(annotations: ListedTool['annotations']): ToolRisk {
  if (annotations?.readOnlyHint) return 'read';
  return annotations?.destructiveHint ? 'destructive' : 'write';
}

function contentOf(answer: unknown, credential: Credential | undefined): unknown {
  const { content, structuredContent, isError } = answer as {
    content?: { type: string; text?: string; mimeType?: string }[];
    structuredContent?: unknown;
    isError?: boolean;
  };
  const clean = (value: unknown): unknown => JSON.parse(withoutCredential(JSON.stringify(value ?? null), credential));
  const texts = (content ?? []).map(({ type, text, mimeType }) =>
    type === 'text' ? (text ?? '') : `[${mimeType ?? type}]`,
  );
  if (isError) throw new ToolError(`The tool failed: ${String(clean(texts.join('\n').slice(0, 1_000)))}`);
  return clean(structuredContent ?? { text: texts.join('\n') });
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
