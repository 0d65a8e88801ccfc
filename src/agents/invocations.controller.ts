import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Principal } from '../identity/principal.js';
import { Access } from '../identity/access.decorator.js';
import { CurrentPrincipal } from '../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/body.interceptor.js';
import { callerSignal, wantsEventStream } from '../platform/http/caller-signal.js';
import { sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { PageQuery } from '../platform/http/page.dto.js';
import { ValidationError } from '../shared/domain-error.js';
import { AgentInvokeService } from './agent-invoke.service.js';
import { InvocationDto, InvocationListDto, InvokeResultDto, RunStateDto } from './dto/invocation.dto.js';
import { InvokeAgentDto } from './dto/invoke-agent.dto.js';
import type { Invocation } from './invocation.js';
import { InvocationsService } from './invocations.service.js';
import { invocationView, invokeResult } from './invocation-view.js';
import { drained } from './run-stream.js';
import { BackgroundAnswer } from './runs/background-answer.service.js';
import type { LiveRun } from './runs/live-run.js';
import { RunStreams } from './runs/run-streams.service.js';
import { WebhookTargets } from './webhooks/webhook-targets.service.js';

@ApiTags('invocations')
@Access('viewer')
@Controller()
export class InvocationsController {
  constructor(
    private readonly invoker: AgentInvokeService,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
    private readonly background: BackgroundAnswer,
    private readonly webhooks: WebhookTargets,
  ) {}

  /**
   * Runs the agent. With `Accept: text/event-stream` the same run streams as Server-Sent Events: `start`, `delta`, `tool_call`,
   * `tool_result`, and at the end `done` (this same object) or `error`. Leaving the stream stops the run. With
   * `"background": true` the answer is 202 at once, or the stream of a run that goes on whatever its listeners do.
   */
  @Post('agents/:agent_id/invoke')
  @Access('developer')
  @TakesBody('message')
  @HttpCode(200)
  @StreamsEvents('acceptors')
  @ApiOperation({ summary: 'Invoke an agent', operationId: 'invokeAgent' })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiData(InvokeResultDto, { description: 'What the agent answered.' })
  @ApiData(RunStateDto, { status: 202, description: 'The run goes on in the background; Location is its record.' })
  @ApiErrors(400, 404, 409, 413, 422, 502, 504)
  async invoke(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { enable_trace, background, webhook, ...body }: InvokeAgentDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<InvokeResultDto | RunStateDto | undefined> {
    const answer = (invocation: Invocation) => invokeResult(invocation, enable_trace ?? false);
    if (webhook && !background) throw ValidationError.field('webhook', 'needs a run with "background": true');
    if (background) {
      const asked = { ...body, org_id, user_id, agent_id };
      const target = webhook ? { webhook: this.webhooks.target(webhook.url) } : {};
      const beginning = { ...(await this.invoker.beginning(asked)), ...target };
      const run = (live: LiveRun) => this.invoker.invoke({ ...asked, live });
      return this.background.start(request, response, { beginning, run, answer });
    }
    const asked = { ...body, org_id, user_id, agent_id, signal: callerSignal(response) };
    if (!wantsEventStream(request)) return answer(await drained(this.invoker.invoke({ ...asked, quiet: true })));
    const run = (live: LiveRun) => this.invoker.invoke({ ...asked, live });
    await sendEventStream(response, await this.streams.open(org_id, run, answer));
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
    const invocation = await this.invocations.get(org_id, invocation_id);
    const webhook = await this.webhooks.stateOf(invocation);
    return { ...invocationView(invocation, true), ...(webhook ? { webhook } : {}) };
  }
}
