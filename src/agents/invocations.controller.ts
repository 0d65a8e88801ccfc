import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Principal } from '../identity/principal.js';
import { Access } from '../identity/access.decorator.js';
import { CurrentPrincipal } from '../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { callerSignal, wantsEventStream } from '../platform/http/caller-signal.js';
import { ErrorFilter } from '../platform/http/error.filter.js';
import { sendEventStream } from '../platform/http/event-stream.js';
import { PageQuery } from '../platform/http/page.dto.js';
import { AgentInvokeService } from './agent-invoke.service.js';
import { InvocationDto, InvocationListDto, InvokeResultDto } from './dto/invocation.dto.js';
import { InvokeAgentDto } from './dto/invoke-agent.dto.js';
import { InvocationsService } from './invocations.service.js';
import { invocationView, invokeResult } from './invocation-view.js';
import { begun, drained, streamed } from './run-stream.js';

@ApiTags('invocations')
@Access('viewer')
@Controller()
export class InvocationsController {
  constructor(
    private readonly invoker: AgentInvokeService,
    private readonly invocations: InvocationsService,
    private readonly errors: ErrorFilter,
  ) {}

  /**
   * Runs the agent. With `Accept: text/event-stream` the same run streams as Server-Sent Events: `start`, `delta`, `tool_call`,
   * `tool_result`, and at the end `done` (this same object) or `error`.
   */
  @Post('agents/:agent_id/invoke')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Invoke an agent', operationId: 'invokeAgent' })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiData(InvokeResultDto, { description: 'What the agent answered.' })
  @ApiErrors(400, 404, 409, 413, 422, 502, 504)
  async invoke(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { enable_trace, ...body }: InvokeAgentDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<InvokeResultDto | undefined> {
    const quiet = !wantsEventStream(request);
    const run = this.invoker.invoke({ ...body, org_id, user_id, agent_id, quiet, signal: callerSignal(response) });
    if (quiet) return invokeResult(await drained(run), enable_trace ?? false);
    await sendEventStream(
      response,
      streamed(await begun(run), (invocation) => invokeResult(invocation, enable_trace ?? false), this.errors),
    );
    return undefined;
  }

  /** Newest first; also failed, timed-out and interrupted runs. */
  @Get('agents/:agent_id/invocations')
  @ApiOperation({ summary: "List an agent's invocations", operationId: 'listAgentInvocations' })
  @ApiData(InvocationListDto, { description: 'One page of invocations, newest first.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Query() query: PageQuery,
  ): Promise<InvocationListDto> {
    const { items, last_key } = await this.invocations.listByAgent(org_id, agent_id, query);
    return { invocations: items.map((invocation) => invocationView(invocation, false)), total: items.length, last_key };
  }

  /** The record of one run with its trace. */
  @Get('invocations/:invocation_id')
  @ApiOperation({ summary: 'Get an invocation with its trace', operationId: 'getInvocation' })
  @ApiData(InvocationDto, { description: 'The invocation.' })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('invocation_id') invocation_id: string,
  ): Promise<InvocationDto> {
    return invocationView(await this.invocations.get(org_id, invocation_id), true);
  }
}
