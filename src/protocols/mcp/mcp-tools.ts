import { Injectable, Logger } from '@nestjs/common';
import {
  type CallToolRequestParams,
  type CallToolResult,
  type InputRequiredResult,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { DatabaseError, DomainError } from '../../shared/domain-error.js';
import { AgentTools } from './agent-tools.js';
import type { McpCaller } from './mcp-caller.js';
import { pageOfNamed } from './mcp-cursor.js';
import type { McpTool, ToolSource } from './mcp-tool.js';
import { OperationTools } from './operation-tools.js';
import { PlatformTools } from './platform-tools.js';

/** `tools/list` and `tools/call` over all sources. An earlier source wins over a later one with the same name. */
@Injectable()
export class McpTools {
  private readonly logger = new Logger(McpTools.name);
  private readonly sources: readonly ToolSource[];

  constructor(platform: PlatformTools, agents: AgentTools, operations: OperationTools) {
    this.sources = [platform, agents, operations];
  }

  /** At most 50 a page. @throws ProtocolError for a cursor that names no tool */
  async list(caller: McpCaller, cursor: string | undefined): Promise<ListToolsResult> {
    const unique = new Map<string, { name: string; tool: McpTool }>();
    for (const source of this.sources)
      for (const tool of await source.list(caller)) {
        const { name } = tool.definition;
        if (!unique.has(name)) unique.set(name, { name, tool });
      }
    const { page, ...more } = pageOfNamed([...unique.values()], cursor);
    return { tools: page.map(({ tool }) => tool.definition), ...more };
  }

  /**
   * A refusal and a failed run are results that the model reads. @throws ProtocolError for an unknown tool, and when the platform
   * itself fails
   */
  async call(
    caller: McpCaller,
    { name, arguments: args = {} }: CallToolRequestParams,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    try {
      for (const source of this.sources) {
        const tool = await source.find(caller, name);
        if (tool) return await tool.call(caller, args, context);
      }
    } catch (error) {
      if (!(error instanceof DomainError) || error instanceof DatabaseError) throw this.internal(error);
      return failed(error);
    }
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name.slice(0, 200)}`);
  }

  private internal(error: unknown): unknown {
    if (error instanceof ProtocolError) return error;
    this.logger.error({ msg: 'a tool call failed', err: error });
    const isDatabase = error instanceof DatabaseError;
    const message = isDatabase ? error.message : 'Something went wrong on our side';
    return new ProtocolError(ProtocolErrorCode.InternalError, message, {
      code: isDatabase ? error.code : 'INTERNAL_ERROR',
    });
  }
}

function failed({ code, message, details, suggestion }: DomainError): CallToolResult {
  const text = suggestion === undefined ? message : `${message}. ${suggestion}`;
  return { content: [{ type: 'text', text }], isError: true, _meta: { 'nexus/error': { code, message, details } } };
}
