import { Injectable, Logger } from '@nestjs/common';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  isInitializeRequest,
  type jsonSchemaValidator,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { DomainError } from '../../shared/domain-error.js';
import { VERSION } from '../../shared/version.js';
import type { McpCaller } from './mcp-caller.js';
import { McpPrompts } from './mcp-prompts.js';
import { McpResources } from './mcp-resources.js';
import { McpTools } from './mcp-tools.js';

const INSTRUCTIONS =
  'Nexus runs AI agents. Each tool named after an agent sends that agent a message. To continue a conversation, pass the session_id ' +
  'from its answer. search_agents finds agents that are not listed. start_build builds a new agent; get_build returns its progress.';

/** What clients answer when they are asked for approval is checked where it is read. */
const UNUSED: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

/** Serves requests of the protocol. */
export interface McpHandler {
  serve: ReturnType<typeof toNodeHandler>;
  isInitializeRequest: typeof isInitializeRequest;
}

/** Makes the servers: what they offer depends on the caller. */
@Injectable()
export class McpServers {
  private readonly logger = new Logger(McpServers.name);

  constructor(
    private readonly tools: McpTools,
    private readonly resources: McpResources,
    private readonly prompts: McpPrompts,
  ) {}

  /** For requests whose `auth.extra.caller` is an `McpCaller`. */
  handler(): McpHandler {
    const handler = createMcpHandler(({ authInfo }) => this.create(authInfo?.extra?.['caller'] as McpCaller));
    return { serve: toNodeHandler(handler), isInitializeRequest };
  }

  /** The server of one request. The conformance suite has one of its own. */
  create(caller: McpCaller): Server | McpServer {
    const server = new Server(
      { name: 'nexus', title: 'Nexus', version: VERSION },
      {
        capabilities: { tools: {}, resources: {}, prompts: {} },
        instructions: INSTRUCTIONS,
        jsonSchemaValidator: UNUSED,
      },
    );
    server.setRequestHandler('tools/list', ({ params }) => this.safe(this.tools.list(caller, params?.cursor)));
    server.setRequestHandler('tools/call', ({ params }, context) => {
      const signal = AbortSignal.any([caller.signal, context.mcpReq.signal]);
      return this.tools.call({ ...caller, signal }, params, context);
    });
    server.setRequestHandler('resources/list', ({ params }) => this.safe(this.resources.list(caller, params?.cursor)));
    server.setRequestHandler('resources/templates/list', () => this.resources.templates());
    server.setRequestHandler('resources/read', ({ params }) => this.safe(this.resources.read(caller, params.uri)));
    server.setRequestHandler('prompts/list', ({ params }) => this.safe(this.prompts.list(caller, params?.cursor)));
    server.setRequestHandler('prompts/get', ({ params }) => this.safe(this.prompts.get(caller, params)));
    return server;
  }

  /** Errors of the platform in the protocol's form. What went wrong inside stays inside. */
  private async safe<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      if (error instanceof DomainError) {
        const { code, message, details, suggestion } = error;
        const isServers = code === 'DATABASE_ERROR' || code === 'INTERNAL_ERROR';
        const number = isServers ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
        throw new ProtocolError(number, message, { code, details, suggestion });
      }
      this.logger.error({ msg: 'a request failed', err: error });
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'Something went wrong on our side');
    }
  }
}
