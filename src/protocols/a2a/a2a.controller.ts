import { Controller, Delete, Get, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { lazily } from '../../platform/async/lazily.js';
import { TakesBody, Bare } from '../../platform/http/envelope.interceptor.js';
import { callerSignal, StreamsEvents } from '../../platform/http/event-stream.js';
import { Public } from '../../platform/http/route.decorators.js';
import { A2aCaller } from './a2a-caller.js';
import { A2aErrorFilter } from './a2a-error.filter.js';

const CARD = '.well-known/agent-card.json';

/**
 * The bindings JSON-RPC and HTTP+JSON of A2A 1.0, and of 0.3 for callers whose `A2A-Version` is 0.3 or absent. `/a2a/agents/{agent_id}`
 * is one agent; on `/a2a` the tenant of a request names it.
 */
@ApiExcludeController()
@Bare()
@UseFilters(A2aErrorFilter)
@Controller()
export class A2aController {
  private readonly server = lazily(async () => {
    const { A2aServerModule } = await import('./a2a-server.module.js');
    const { A2aServer } = await import('./a2a-server.js');
    return (await this.modules.load(() => A2aServerModule)).get(A2aServer);
  });

  constructor(private readonly modules: LazyModuleLoader) {}

  /** Says nothing about any organization. */
  @Get(CARD)
  @Public()
  async card(@Req() request: Request, @Res() response: Response): Promise<void> {
    await (await this.server()).sendPlatformCard(`${originOf(request)}/a2a`, request, response);
  }

  @Get(`a2a/agents/:agent_id/${CARD}`)
  @Access('viewer')
  async agentCard(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const user = caller(principal, agent_id, request, response);
    await (await this.server()).sendAgentCard(user, request, response);
  }

  @Post(['a2a', 'a2a/agents/:agent_id'])
  @Access('developer')
  @TakesBody('message')
  @StreamsEvents('acceptors')
  async call(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const user = caller(principal, agent_id, request, response);
    await (await this.server()).call(user, request, response);
  }

  @Get(['a2a/agents/:agent_id/*path', 'a2a/*path'])
  @Access('developer')
  @StreamsEvents('acceptors')
  read(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.serveRest(principal, agent_id, request, response);
  }

  @Post(['a2a/agents/:agent_id/*path', 'a2a/*path'])
  @Access('developer')
  @TakesBody('message')
  @StreamsEvents('acceptors')
  send(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.serveRest(principal, agent_id, request, response);
  }

  @Delete(['a2a/agents/:agent_id/*path', 'a2a/*path'])
  @Access('developer')
  remove(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.serveRest(principal, agent_id, request, response);
  }

  private async serveRest(
    principal: Principal,
    agent_id: string | undefined,
    request: Request,
    response: Response,
  ): Promise<void> {
    const user = caller(principal, agent_id, request, response);
    await (await this.server()).serveRest(user, request, response);
  }
}

function caller(principal: Principal, agent_id: string | undefined, request: Request, response: Response): A2aCaller {
  const path = agent_id === undefined ? '/a2a' : `/a2a/agents/${encodeURIComponent(agent_id)}`;
  return new A2aCaller(principal, agent_id, originOf(request) + path, callerSignal(response));
}

/** The host guard has checked the host. */
const originOf = (request: Request): string => `${request.protocol}://${request.header('host') ?? 'localhost'}`;
