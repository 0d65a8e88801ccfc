import { randomUUID } from 'node:crypto';
import { Controller, Delete, Get, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import type { AuthInfo } from '@modelcontextprotocol/server';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { TakesBody, Bare } from '../../platform/http/envelope.interceptor.js';
import { callerSignal } from '../../platform/http/event-stream.js';
import { Public } from '../../platform/http/route.decorators.js';
import type { McpCaller } from './mcp-caller.js';
import { McpErrorFilter, resourceOf } from './mcp-error.filter.js';
import type { McpHandler } from './mcp-servers.js';

const SESSION = 'mcp-session-id';
const PATHS = ['mcp', 'mcp/agents/:agent_id'];
const METADATA = '.well-known/oauth-protected-resource';

interface Cancellation {
  method: 'notifications/cancelled';
  params: { requestId: string | number };
}

/**
 * Streamable HTTP in the revisions 2026-07-28 and 2025-11-25. Every request is served by itself, so any process can serve it. Clients of
 * the older revision cancel by a request of their own, which finds the run by the session id that `initialize` answered.
 */
@ApiExcludeController()
@Bare()
@UseFilters(McpErrorFilter)
@Controller()
export class McpController {
  /** Requests of clients with a session id that are being served by this process. */
  private readonly running = new Map<string, AbortController>();
  private handler: Promise<McpHandler> | undefined;

  constructor(private readonly modules: LazyModuleLoader) {}

  @Post(PATHS)
  @Access('developer')
  @TakesBody('message')
  send(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.answer(principal, agent_id, request, response);
  }

  /** No stream can be opened: the protocol's server answers 405. */
  @Get(PATHS)
  @Access('developer')
  listen(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.answer(principal, agent_id, request, response);
  }

  /** There is no session to end: the protocol's server answers 405. */
  @Delete(PATHS)
  @Access('developer')
  end(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.answer(principal, agent_id, request, response);
  }

  /** RFC 9728. Access tokens and API keys are issued by the platform itself, so no authorization server is named. */
  @Get(PATHS.map((path) => `${METADATA}/${path}`))
  @Public()
  metadata(@Req() request: Request): Record<string, unknown> {
    return {
      resource: resourceOf(request, request.path.slice(METADATA.length + 1)),
      bearer_methods_supported: ['header'],
      resource_name: 'Nexus',
      resource_documentation: resourceOf(request, '/docs'),
    };
  }

  private async load(): Promise<McpHandler> {
    const { McpServersModule } = await import('./mcp-servers.module.js');
    const { McpServers } = await import('./mcp-servers.js');
    const module = await this.modules.load(() => McpServersModule);
    return module.get(McpServers).handler();
  }

  private async answer(
    principal: Principal,
    agent_id: string | undefined,
    request: Request,
    response: Response,
  ): Promise<void> {
    const { body } = request as { body: unknown };
    const session = request.header(SESSION);
    if (isCancellation(body) && session !== undefined)
      this.running.get(keyOf(principal, session, body.params.requestId))?.abort(new Error('The caller cancelled'));
    const { serve, isInitializeRequest } = await (this.handler ??= this.load());
    if (isInitializeRequest(body)) response.setHeader(SESSION, randomUUID());
    const cancelling = new AbortController();
    const id = (body as { id?: unknown } | undefined)?.id;
    const key = session !== undefined && isId(id) ? keyOf(principal, session, id) : undefined;
    if (key !== undefined) this.running.set(key, cancelling);
    const signal = AbortSignal.any([callerSignal(response), cancelling.signal]);
    const caller: McpCaller = { principal, signal, ...(agent_id === undefined ? {} : { agent_id }) };
    const auth: AuthInfo = { token: '', clientId: principal.user_id, scopes: [], extra: { caller } };
    try {
      await serve(Object.assign(request, { auth }), response, body);
    } finally {
      if (key !== undefined && this.running.get(key) === cancelling) this.running.delete(key);
    }
  }
}

const isId = (id: unknown): id is string | number => typeof id === 'string' || typeof id === 'number';

/** Ids of requests are unique only within a session, and session ids are known only to their clients. */
const keyOf = ({ org_id, user_id }: Principal, session: string, id: string | number): string =>
  JSON.stringify([org_id, user_id, session, id]);

function isCancellation(body: unknown): body is Cancellation {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: { requestId?: unknown } | null };
  return method === 'notifications/cancelled' && isId(params?.requestId);
}
