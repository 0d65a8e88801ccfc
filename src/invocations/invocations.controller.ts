import { Body, Controller, Get, Header, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { AuditLog } from '../identity/audit/audit-log.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { lastEventNumber, sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { ValidationError } from '../shared/domain-error.js';
import type { Page } from '../shared/page.js';
import {
  InvocationDto,
  InvocationListDto,
  InvokeResultDto,
  ListAllInvocationsQuery,
  ListInvocationsQuery,
  RunStateDto,
  WebhookSecretDto,
} from './dto/invocation.dto.js';
import { DecideApprovalDto, InvokeAgentDto } from './dto/invoke-agent.dto.js';
import { Approvals } from './approvals.service.js';
import type { Invocation } from './invocation.js';
import { invocationView, invokeResult, runState } from './invocation-view.js';
import { InvocationsService } from './invocations.service.js';
import type { LiveRun } from './live-runs.service.js';
import { RunAnswers } from './run-answers.js';
import { RunEvents } from './run-events.service.js';
import { WebhookSender, Webhooks } from './webhooks.service.js';

@ApiTags('invocations')
@Access('viewer')
@Controller()
export class InvocationsController {
  constructor(
    private readonly invocations: InvocationsService,
    private readonly answers: RunAnswers,
    private readonly events: RunEvents,
    private readonly approvals: Approvals,
    private readonly webhooks: Webhooks,
    private readonly sender: WebhookSender,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Runs the agent. With `Accept: text/event-stream` the same run streams as Server-Sent Events: `start`, `delta`, `tool_call`,
   * `tool_result`, and at the end `done` (this same object) or `error`. Leaving the stream stops the run. With
   * `"background": true` the answer is 202 at once, or the stream of a run that goes on whatever its listeners do. 202 with the
   * status `waiting`: a tool call waits for approval, and the run continues in the background when it is decided.
   */
  @Post('agents/:agent_id/invoke')
  @Access('developer')
  @TakesBody('message')
  @HttpCode(200)
  @StreamsEvents('acceptors')
  @ApiOperation({
    summary: 'Invoke an agent',
    operationId: 'invokeAgent',
    description:
      "Runs the agent once; `session_id` continues a conversation. `Accept: text/event-stream` streams the answer. `background` returns 202 immediately and can call a webhook at the end. `version` and `model` override the agent's for this run. 202 with the status `waiting` means that a tool call is waiting for approval.",
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiData(InvokeResultDto, { description: "The agent's answer." })
  @ApiData(RunStateDto, {
    status: 202,
    description: 'The run continues in the background or waits for approval. `Location` is its URL.',
  })
  @ApiErrors(400, 402, 404, 409, 413, 422, 502, 504)
  async invoke(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { enable_trace, background, webhook, version, model, ...body }: InvokeAgentDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<InvokeResultDto | RunStateDto | undefined> {
    const answer = (invocation: Invocation) => invokeResult(invocation, enable_trace ?? false);
    if (webhook && !background) throw ValidationError.field('webhook', 'needs a run with "background": true');
    if (body.after !== undefined && body.session_id === undefined)
      throw ValidationError.field('after', 'needs a session_id');
    const chosen = { ...(version ? { version } : {}), ...(model ? { model } : {}) };
    const asked = { ...body, org_id, user_id, agent_id, ...((version ?? model) ? { chosen } : {}) };
    const exchange = { request, response };
    if (background) {
      const target = webhook ? { webhook: this.webhooks.target(webhook.url) } : {};
      const beginning = { ...(await this.invocations.beginning(asked)), ...target };
      const run = (live: LiveRun) => this.invocations.invoke({ ...asked, live });
      return this.answers.background(exchange, { beginning, run, answer });
    }
    return this.answers.attached(
      exchange,
      org_id,
      (attachment) => this.invocations.invoke({ ...asked, ...attachment }),
      answer,
    );
  }

  /** Newest first; also failed, timed-out and interrupted runs. */
  @Get('agents/:agent_id/invocations')
  @ApiOperation({
    summary: "List an agent's invocations",
    operationId: 'listAgentInvocations',
    description: 'Lists runs with their status, duration, tokens and cost, newest first.',
  })
  @ApiData(InvocationListDto, { description: 'One page of invocations, newest first.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Query() { limit, last_key, ...filter }: ListInvocationsQuery,
  ): Promise<InvocationListDto> {
    return listView(await this.invocations.list(org_id, { ...filter, agent_id }, { limit, last_key }));
  }

  /** Newest first, of all agents. */
  @Get('invocations')
  @ApiOperation({
    summary: 'List invocations of all agents',
    operationId: 'listInvocations',
    description: "Lists the organization's runs with their status, duration, tokens and cost, newest first.",
  })
  @ApiData(InvocationListDto, { description: 'One page of invocations, newest first.' })
  @ApiErrors(400, 404)
  async listAll(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { limit, last_key, ...filter }: ListAllInvocationsQuery,
  ): Promise<InvocationListDto> {
    return listView(await this.invocations.list(org_id, filter, { limit, last_key }));
  }

  /** The record of one run with its trace. */
  @Get('invocations/:invocation_id')
  @ApiOperation({
    summary: 'Get an invocation with its trace',
    operationId: 'getInvocation',
    description: 'Returns the record of a run: input, output, tokens, cost, and the trace of its model and tool calls.',
  })
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

  /**
   * Every event of a streamed or a background run, and those to come, as Server-Sent Events, until `done` or `error`. With
   * `Last-Event-ID` exactly the ones after it, from any process. 204 when there is nothing more. Kept 24 hours; later, and for
   * a run that was neither streamed nor in the background, only its last event.
   */
  @Get('invocations/:invocation_id/events')
  @StreamsEvents('browsers')
  @ApiOperation({
    summary: "Follow a run's events, or resume a dropped stream",
    operationId: 'followInvocation',
    description:
      'Server-Sent Events from the start, or after `Last-Event-ID`. Returns 204 if the last event was already received. Events are kept for 24 hours; after that, and for runs that were neither streamed nor in the background, only the last event is sent.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event received. The stream resumes after it.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description:
      'The events `start`, `delta`, `tool_call`, `tool_result`, `approval_required` and `approval_decided`, and at the end `done` or `error`.',
    schema: { type: 'string' },
  })
  @ApiNoContentResponse({ description: 'The last event was already received.' })
  @ApiErrors(400, 404)
  async follow(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('invocation_id') invocation_id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const events = await this.events.follow(org_id, invocation_id, lastEventNumber(lastEventId));
    if (events) await sendEventStream(response, events);
    else response.status(204).end();
  }

  /**
   * Asks a streamed or background run to stop, whichever process runs it. It ends as failed with the reason `cancelled`,
   * within about a second. Safe to repeat.
   */
  @Post('invocations/:invocation_id/cancel')
  @Access('developer')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a run',
    operationId: 'cancelInvocation',
    description:
      'Stops a run that is streaming, in the background or waiting for approval, within about a second. It ends as failed with the reason `cancelled`. Safe to repeat.',
  })
  @ApiData(RunStateDto, { status: 202, description: 'The run, which is stopping or has been cancelled.' })
  @ApiErrors(400, 404)
  async cancel(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('invocation_id') invocation_id: string,
  ): Promise<RunStateDto> {
    return runState(await this.invocations.cancel(org_id, invocation_id));
  }

  /**
   * Decides a tool call that a waiting run asked for, once. The run continues when all its calls are decided: approved calls are
   * made, at most once each; the agent learns which were refused. The decision is audited as `invocation.decided`.
   */
  @Post('invocations/:invocation_id/approvals/:approval_id/decision')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Approve or refuse a tool call',
    operationId: 'decideToolCall',
    description:
      'Approves or refuses a tool call that the run is waiting for. Each call can be decided once. The run continues when all its calls are decided. The agent sees which calls were refused.',
  })
  @ApiData(RunStateDto, { description: 'The run. It continues when no approval is pending.' })
  @ApiErrors(400, 404)
  async decide(
    @CurrentPrincipal() principal: Principal,
    @Param('invocation_id') invocation_id: string,
    @Param('approval_id') approval_id: string,
    @Body() body: DecideApprovalDto,
  ): Promise<RunStateDto> {
    return runState(await this.approvals.decide(principal, invocation_id, approval_id, body));
  }

  /** What verifies the signature of the organization's webhooks. It changes only with the platform's key. */
  @Get('webhooks/secret')
  @Access('admin')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Get the webhook secret',
    operationId: 'getWebhookSecret',
    description:
      "Returns the secret that receivers use to verify the signatures of your organization's webhooks (Standard Webhooks).",
  })
  @ApiData(WebhookSecretDto, { description: "The organization's webhook secret." })
  @ApiErrors()
  async webhookSecret(@CurrentPrincipal() { org_id, user_id }: Principal): Promise<WebhookSecretDto> {
    await this.audit.record({ org_id, actor: user_id, action: 'webhook_secret.read', outcome: 'success' });
    return { secret: this.sender.secretOf(org_id) };
  }
}

const listView = ({ items, last_key }: Page<Invocation>): InvocationListDto => ({
  invocations: items.map((invocation) => invocationView(invocation, false)),
  total: items.length,
  last_key,
});
