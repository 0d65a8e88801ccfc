import { Injectable, NotFoundException } from '@nestjs/common';
import { A2A_VERSION_HEADER, AgentCard, Extensions, HTTP_EXTENSION_HEADER } from '@a2a-js/sdk';
import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import { JsonRpcTransportHandler, ServerCallContext, validateVersion } from '@a2a-js/sdk/server';
import { agentCardHandler, restHandler } from '@a2a-js/sdk/server/express';
import type { Request, RequestHandler, Response } from 'express';
import { sendEventStream } from '../../platform/http/event-stream.js';
import { ValidationError } from '../../shared/domain-error.js';
import { A2aAgents } from './a2a-agents.js';
import type { A2aCaller } from './a2a-caller.js';
import { platformCard } from './a2a-card.js';

const LEGACY = '0.3';
const INVALID_REQUEST = -32_600;
const ENDPOINT = /^\/a2a(?:\/agents\/[^/?]+)?/;

declare module 'express' {
  interface Request {
    a2a_caller?: A2aCaller;
  }
}

/** Answers through the SDK's handlers of JSON-RPC and HTTP+JSON, in the versions 1.0 and 0.3. */
@Injectable()
export class A2aServer {
  private readonly jsonRpc;
  private readonly legacyJsonRpc;
  private readonly rest: RequestHandler;

  constructor(private readonly agents: A2aAgents) {
    this.jsonRpc = new JsonRpcTransportHandler(agents);
    this.legacyJsonRpc = new LegacyJsonRpcTransportHandler(agents);
    this.rest = restHandler({
      requestHandler: agents,
      // The express of the SDK and ours differ in their types only.
      userBuilder: async (request) => request.a2a_caller as A2aCaller,
      legacyCompat: { enabled: true },
    });
  }

  async sendPlatformCard(url: string, request: Request, response: Response): Promise<void> {
    await this.sendCard(platformCard(url), request, response);
  }

  /** @throws AgentNotFoundError */
  async sendAgentCard(user: A2aCaller, request: Request, response: Response): Promise<void> {
    await this.sendCard(await this.agents.cardOf(user), request, response);
  }

  /** Answers a request of JSON-RPC, by a stream where its method has one. */
  async call(user: A2aCaller, request: Request, response: Response): Promise<void> {
    const version = request.header(A2A_VERSION_HEADER) ?? LEGACY;
    const requestedExtensions = Extensions.parseServiceParameter(request.header(HTTP_EXTENSION_HEADER));
    const context = new ServerCallContext({ user, requestedVersion: version, requestedExtensions });
    const handler = version === LEGACY ? this.legacyJsonRpc : this.jsonRpc;
    const toError =
      version === LEGACY
        ? (error: unknown) => LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error)
        : (error: unknown) => JsonRpcTransportHandler.mapToJSONRPCError(error);
    const { body } = request as { body: Record<string, unknown> | undefined };
    const failed = (error: unknown) => ({ jsonrpc: '2.0', id: body?.['id'] ?? null, error: toError(error) });
    response.status(200);
    if (!isJsonRpc(body)) {
      response.json({
        ...failed(undefined),
        error: { code: INVALID_REQUEST, message: 'The body is not a JSON-RPC 2.0 request' },
      });
      return;
    }
    try {
      validateVersion(version, await this.agents.getAgentCard(), 'JSONRPC');
      assertMessage(body?.['params']);
    } catch (error) {
      response.json(failed(error));
      return;
    }
    const answer = await handler.handle(body ?? {}, context);
    if (!(Symbol.asyncIterator in answer)) {
      response.json(answer);
      return;
    }
    const messages = answer as AsyncGenerator<unknown, void, undefined>;
    let first: IteratorResult<unknown, void>;
    try {
      first = await messages.next();
    } catch (error) {
      response.json(failed(error));
      return;
    }
    await sendEventStream(response, streamOf(first, messages, failed));
  }

  /** @throws ValidationError for a message of a wrong shape, NotFoundException for an unknown path */
  async serveRest(user: A2aCaller, request: Request, response: Response): Promise<void> {
    try {
      assertMessage(request.body);
      request.a2a_caller = user;
      await passTo(this.rest, request.url.replace(ENDPOINT, ''), request, response);
    } catch (error) {
      throw error instanceof RequestMalformedError ? new ValidationError(error.message) : error;
    }
  }

  /** The SDK translates cards for version 0.3 only; it would write the others in its own inner form. */
  private async sendCard(card: AgentCard, request: Request, response: Response): Promise<void> {
    if ((request.header(A2A_VERSION_HEADER) ?? LEGACY) !== LEGACY) {
      response.vary(A2A_VERSION_HEADER).json(AgentCard.toJSON(card));
      return;
    }
    const handler = agentCardHandler({ agentCardProvider: async () => card, legacyCompat: { enabled: true } });
    await passTo(handler, '/', request, response);
  }
}

/** The SDK reads messages of a wrong shape with faults of its own. @throws RequestMalformedError */
function assertMessage(params: unknown): void {
  const { message, historyLength, configuration } = (params ?? {}) as Record<string, unknown>;
  const lengths = [historyLength, isObject(configuration) ? configuration['historyLength'] : undefined];
  if (lengths.some((length) => Number(length ?? 0) < 0))
    throw new RequestMalformedError('historyLength must be 0 or more');
  if (message === undefined) return;
  if (!isObject(message)) throw new RequestMalformedError('message must be an object');
  const { parts, content = parts, role } = message;
  if (role !== 'ROLE_USER' && role !== 'user') throw new RequestMalformedError('message.role must be the user role');
  if (content !== undefined && !(Array.isArray(content) && content.every(isObject)))
    throw new RequestMalformedError('message.parts must be a list of objects');
}

function isJsonRpc(body: unknown): boolean {
  if (!isObject(body)) return false;
  const { jsonrpc, method, id, params } = body;
  const isId = id === undefined || id === null || typeof id === 'string' || Number.isInteger(id);
  return jsonrpc === '2.0' && typeof method === 'string' && isId && (params === undefined || isObject(params));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws NotFoundException when the handler has no such route; whatever it passes on */
function passTo(handler: RequestHandler, url: string, request: Request, response: Response): Promise<void> {
  const { url: whole } = request;
  request.url = url;
  keepPrefix(request);
  return new Promise((resolve, reject) => {
    response.once('close', resolve);
    void handler(request, response, (error?: unknown) => {
      request.url = whole;
      reject(error instanceof Error ? error : new NotFoundException(`Cannot ${request.method} ${request.path}`));
    });
  });
}

/** The SDK's router replaces `request.route`, by which logs and metrics name a request. Keeps the platform's path before the SDK's. */
function keepPrefix(request: Request): void {
  let route = request.route as { path: string };
  const prefix = route.path.replace(/\/\*path$/, '');
  Object.defineProperty(request, 'route', {
    get: () => route,
    set: ({ path }: { path: string }) => {
      route = { path: `${prefix}${path.replaceAll('\\', '')}`.replace(/\/$/, '') };
    },
  });
}

async function* streamOf(
  first: IteratorResult<unknown, void>,
  rest: AsyncGenerator<unknown, void, undefined>,
  failed: (error: unknown) => unknown,
): AsyncGenerator<{ event?: string; data: unknown }> {
  try {
    if (first.done) return;
    yield { data: first.value };
    for await (const data of rest) yield { data };
  } catch (error) {
    yield { event: 'error', data: failed(error) };
  } finally {
    await rest.return();
  }
}
