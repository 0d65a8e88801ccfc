import { Injectable } from '@nestjs/common';
import { DomainError, ValidationError } from '../../shared/domain-error.js';
import { OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import type { ToolOperation, ToolRisk } from '../attached/attached-tool.js';
import { withoutCredential } from '../attached/credential-headers.js';
import { operationName } from '../attached/operation-name.js';
import type { Credential, McpToolConfig } from '../attached/tool-config.js';
import { toolErrorOf } from '../http/http-caller.js';
import { ToolError } from '../tool.js';
import { MCP_TIMEOUT_MS } from './mcp-connection.js';
import { McpConnections } from './mcp-connections.js';

const PAGES_MAX = 20;
const SESSION_GONE = 404;
const DESCRIPTION_MAX = 1_000;

interface ListedTool {
  name: string;
  description?: string | undefined;
  inputSchema: Record<string, unknown>;
  annotations?: { readOnlyHint?: boolean | undefined; destructiveHint?: boolean | undefined } | undefined;
}

/** Tools of MCP servers: listed when they are attached, called by name. */
@Injectable()
export class McpTools {
  constructor(private readonly connections: McpConnections) {}

  /** @throws ValidationError when the server cannot be reached or does not speak the protocol */
  async list(
    key: string,
    tool: string,
    { transport }: McpToolConfig,
    credential?: Credential,
  ): Promise<ToolOperation[]> {
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
      return listed.map((one) => operationOf(tool, one));
    } catch (error) {
      await this.connections.close(key);
      if (error instanceof DomainError && error.code === 'VALIDATION_ERROR') throw error;
      const reason = withoutCredential(reasonOf(error), credential);
      throw ValidationError.field('config.transport', `does not lead to an MCP server that answers: ${reason}`);
    }
  }

  /** What the tool answered. Throws {@link ToolError}; a server that died is started or connected to anew by the next call. */
  async call(
    key: string,
    { transport }: McpToolConfig,
    operation: string,
    input: Record<string, unknown>,
    options: { credential?: Credential | undefined; signal?: AbortSignal | undefined },
  ): Promise<unknown> {
    const { credential, signal } = options;
    const attempt = async (): Promise<unknown> => {
      const connection = await this.connections.get(key, transport, credential);
      const limits = { timeout: MCP_TIMEOUT_MS, ...(signal ? { signal } : {}) };
      return connection.use((client) => client.callTool({ name: operation, arguments: input }, undefined, limits));
    };
    try {
      return contentOf(await this.again(key, attempt), credential);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ToolError) throw error;
      if (error instanceof OutgoingRefusedError) throw toolErrorOf(error);
      throw new ToolError(`The MCP server failed: ${withoutCredential(reasonOf(error), credential)}.`, {
        cause: error,
      });
    }
  }

  /** A server that has forgotten the session did not run the call, so it may be made once more. */
  private async again(key: string, attempt: () => Promise<unknown>): Promise<unknown> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Error) || (error as Error & { code?: unknown }).code !== SESSION_GONE) throw error;
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

/** A server that says nothing is taken to write, as the protocol's own defaults suggest caution. */
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
