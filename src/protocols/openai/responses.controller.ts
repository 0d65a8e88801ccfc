import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiQuery } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import { AgentsService } from '../../agents/agents.service.js';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { Approvals } from '../../invocations/approvals.service.js';
import { BackgroundRuns } from '../../invocations/background-runs.service.js';
import { conversationOf, type Invocation } from '../../invocations/invocation.js';
import {
  InvocationNotCancellableError,
  InvocationNotFoundError,
  RunWaitingError,
} from '../../invocations/invocations.errors.js';
import { InvocationsService, type InvokeRequest } from '../../invocations/invocations.service.js';
import { invokeResult } from '../../invocations/invocation-view.js';
import type { RunStreamEvent } from '../../invocations/run-feed.js';
import { RunEvents } from '../../invocations/run-events.service.js';
import { drained, RunStreams } from '../../invocations/run-streams.service.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { ApiTicket, callerSignal, sendEventStream, StreamsEvents } from '../../platform/http/event-stream.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { decisionsIn, itemsOf } from './items.js';
import {
  invocationId,
  listed,
  listSchema,
  optional,
  read,
  sessionId,
  ApiItemPage,
  ApiObject,
  ApiOpenAiErrors,
  ApiZodBody,
  OpenAiRoutes,
} from './openai-body.js';
import { inCallersWords, refusedStream } from './openai-error.js';
import { ResponseEvents } from './response-events.js';
import {
  type Echo,
  echoOf,
  RESPONSES_NAMES,
  responseOf,
  responsesRun,
  type ResponsesRequest,
  responsesSchema,
} from './responses.js';

/** How long a cancellation waits for the end of the run, in milliseconds. */
const CANCELLED_WITHIN_MS = 3_000;

@OpenAiRoutes()
@Access('viewer')
@Controller('v1/responses')
export class OpenAiResponsesController {
  constructor(
    private readonly agents: AgentsService,
    private readonly sessions: SessionsService,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
    private readonly background: BackgroundRuns,
    private readonly events: RunEvents,
    private readonly approvals: Approvals,
  ) {}

  /**
   * Runs the agent that `model` names. `previous_response_id` continues after an earlier response, `conversation` in a
   * conversation. With `stream` the events come in the protocol's order; with `background` the run goes on without its caller.
   * The run is an ordinary invocation; its id is that of the response with `inv_` for `resp_`. When a tool call waits for approval
   * the response ends with `mcp_approval_request` items: an input of `mcp_approval_response` items with `previous_response_id`
   * decides them, and answers with the same response as it goes on.
   */
  @Post()
  @Access('developer')
  @TakesBody('conversation')
  @StreamsEvents({ field: 'stream' })
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create a response',
    operationId: 'openaiCreateResponse',
    description:
      'Runs the agent that `model` names. `previous_response_id` continues a response, `conversation` a conversation. `stream` streams the events; `background` returns immediately.',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiZodBody(responsesSchema, {
    model: 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support',
    input: 'What is 15% of 80?',
  })
  @ApiObject('The response, or its events as Server-Sent Events with `stream`.', 'response')
  @ApiOpenAiErrors(400, 402, 404, 409, 413, 415, 422, 502, 504)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() given: unknown,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { org_id, user_id } = principal;
    const body = read(responsesSchema, given);
    if (decisionsIn(body.input).length > 0) return this.decide(principal, body, response);
    const run = responsesRun(body);
    const agent_id = await this.agents.idOf(org_id, body.model);
    const caller = { org_id, user_id, agent_id };
    const echo = echoOf(body);
    const kept =
      body.store === false ? { forgotten: true } : { kept_request: { turn: run.turn, options: run.options, echo } };
    try {
      const request: InvokeRequest = { ...run, ...kept, ...caller, ...(await this.placeOf(caller, body)) };
      if (body.background) return await this.start(request, body, response);
      const signal = callerSignal(response);
      if (!body.stream) {
        const ended = drained(this.invocations.invoke({ ...request, signal, quiet: true }));
        return responseOf(await ended.catch(waitingRun), echo);
      }
      const events = await this.streams.open(
        org_id,
        (live) => this.invocations.invoke({ ...request, signal, live }),
        (invocation) => invokeResult(invocation, false),
      );
      await this.send(response, events, { agent_id, echo });
      return undefined;
    } catch (error) {
      const asked = Object.entries(run.options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      throw inCallersWords(error, RESPONSES_NAMES, run.turn.some(({ parts }) => parts) ? ['images', ...asked] : asked);
    }
  }

  /** With `stream=true` every event, or those after `starting_after`, until the end of the run; kept for 24 hours. */
  @Get(':response_id')
  @StreamsEvents({ field: 'stream' })
  @ApiOperation({
    summary: 'Get a response, or resume its stream',
    operationId: 'openaiGetResponse',
    description:
      'Returns the response. With `stream=true`, streams its events, or those after `starting_after`. Events are kept for 24 hours.',
  })
  @ApiQuery({ name: 'stream', required: false, type: Boolean })
  @ApiTicket()
  @ApiQuery({ name: 'starting_after', required: false, schema: { type: 'integer', minimum: 0 } })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiObject('The response.', 'response')
  @ApiOpenAiErrors(400, 404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('response_id') response_id: string,
    @Query() given: unknown,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { stream, starting_after } = read(resumeSchema, given);
    const run = await this.invocations.getShown(org_id, invocationId(response_id));
    if (!stream) return responseOf(run);
    await this.sendPresent(response, run, starting_after);
    return undefined;
  }

  /** The invocation stays recorded, without what was kept of the request. */
  @Delete(':response_id')
  @Access('developer')
  @ApiOperation({
    summary: 'Delete a response',
    operationId: 'openaiDeleteResponse',
    description: 'Deletes the response: it can no longer be read or continued. The invocation is kept.',
  })
  @ApiObject('The response is deleted.', 'response', { id: { type: 'string' }, deleted: { type: 'boolean' } })
  @ApiOpenAiErrors(404)
  async delete(@CurrentPrincipal() { org_id }: Principal, @Param('response_id') id: string) {
    await this.invocations.forget(org_id, invocationId(id));
    return { id, object: 'response', deleted: true };
  }

  /** Stops a streamed or background response. One that has ended is returned as it is. */
  @Post(':response_id/cancel')
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel a response',
    operationId: 'openaiCancelResponse',
    description: 'Stops a streamed or background response. A response that has ended is returned unchanged.',
  })
  @ApiObject('The response.', 'response')
  @ApiOpenAiErrors(400, 404, 409, 422)
  async cancel(@CurrentPrincipal() { org_id }: Principal, @Param('response_id') response_id: string) {
    const invocation_id = invocationId(response_id);
    await this.invocations.getShown(org_id, invocation_id);
    try {
      await this.invocations.cancel(org_id, invocation_id);
    } catch (error) {
      const hasEnded = error instanceof InvocationNotCancellableError && error.details['current_state'] !== 'running';
      if (!hasEnded) throw error;
    }
    return responseOf(await this.invocations.getEnded(org_id, invocation_id, CANCELLED_WITHIN_MS));
  }

  /** What the request of the response added to its conversation. */
  @Get(':response_id/input_items')
  @ApiOperation({
    summary: "List a response's input items",
    operationId: 'openaiListInputItems',
    description: "Lists the items that the response's request added.",
  })
  @ApiItemPage()
  @ApiOpenAiErrors(400, 404)
  async inputItems(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('response_id') response_id: string,
    @Query() given: unknown,
  ) {
    const range = read(listSchema, given);
    const run = await this.invocations.getShown(org_id, invocationId(response_id));
    const ulid = run.invocation_id.replace(/^inv_/, '');
    const turn = run.kept_request?.turn ?? conversationOf({ ...run, status: 'running' });
    const items = turn.flatMap((message, at) =>
      itemsOf(message, (prefix, index) => `${prefix}_${ulid}_in${at}_${index}`),
    );
    return listed(range.order === 'asc' ? items : items.reverse(), range);
  }

  /** Decides calls of a response that waits, and answers with the response as it goes on. */
  private async decide(principal: Principal, body: ResponsesRequest, response: Response) {
    const { org_id } = principal;
    const { previous_response_id, input, stream, background } = body;
    if (previous_response_id === undefined)
      throw ValidationError.field('previous_response_id', 'must name the response that asked for approval');
    if (typeof input !== 'string' && input.some((item) => 'role' in item))
      throw ValidationError.field('input', 'must not have messages beside approvals: send them with the next response');
    const { invocation_id } = await this.invocations.getShown(org_id, invocationId(previous_response_id));
    const decisions = decisionsIn(input).map(({ approval_request_id, approve, reason: comment }) => {
      return { approval_id: approval_request_id.replace(/^mcpr_/, 'appr_'), approve, comment };
    });
    const run = await this.approvals.decideAll(principal, { invocation_id, decisions });
    if (stream) {
      await this.sendPresent(response, run);
      return undefined;
    }
    return responseOf(background ? run : await this.approvals.continued(org_id, invocation_id, callerSignal(response)));
  }

  private async sendPresent(response: Response, run: Invocation, after?: number): Promise<void> {
    const { invocation_id, agent_id, kept_request } = run;
    const about = { agent_id, echo: kept_request?.echo ?? {}, invocation_id };
    await this.send(response, await this.events.followPresent(run), about, after);
  }

  private async start(request: InvokeRequest, body: ResponsesRequest, response: Response) {
    const { org_id, agent_id } = request;
    const invocation = await this.background.start({
      beginning: await this.invocations.beginning(request),
      run: (live) => this.invocations.invoke({ ...request, live }),
      answer: (ended: Invocation) => invokeResult(ended, false),
    });
    if (!body.stream) return responseOf(invocation);
    const { invocation_id } = invocation;
    const events = await this.events.follow(org_id, invocation_id, 0);
    await this.send(response, events ?? nothing(), { agent_id, echo: echoOf(body), invocation_id });
    return undefined;
  }

  private async send(
    response: Response,
    events: AsyncIterable<RunStreamEvent>,
    about: { agent_id: string; echo: Echo; invocation_id?: string },
    after?: number,
  ): Promise<void> {
    await sendEventStream(response, ResponseEvents.of(events, about, after), refusedStream);
  }

  /** Where the response continues: nowhere, in a conversation, or after an earlier response. */
  private async placeOf(
    caller: { org_id: string; user_id: string; agent_id: string },
    { conversation, previous_response_id }: ResponsesRequest,
  ): Promise<{ session_id?: string; after?: number }> {
    if (conversation !== undefined) {
      const id = sessionId(typeof conversation === 'string' ? conversation : conversation.id);
      const { session_id } = await this.sessions.getForAgent(caller.org_id, caller.agent_id, id);
      return { session_id };
    }
    if (previous_response_id === undefined) return {};
    try {
      return await this.invocations.continuation(caller, invocationId(previous_response_id));
    } catch (error) {
      if (!(error instanceof InvocationNotFoundError)) throw error;
      const fields = { previous_response_id: ['does not exist'] };
      throw new NotFoundError('Response', previous_response_id, { details: { fields }, cause: error });
    }
  }
}

const resumeSchema = z.object({
  stream: optional(z.enum(['true', 'false'])).transform((value) => value === 'true'),
  starting_after: optional(z.coerce.number().int().min(0)),
});

/** A run that waits for approval is a response, not an error. */
function waitingRun(error: unknown): Invocation {
  if (error instanceof RunWaitingError) return error.invocation;
  throw error;
}

async function* nothing(): AsyncGenerator<RunStreamEvent> {
  yield* [];
}
