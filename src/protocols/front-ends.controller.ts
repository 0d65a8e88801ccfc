import { Body, Controller, Header, HttpCode, Injectable, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { Approvals } from '../invocations/approvals.service.js';
import { invokeResult } from '../invocations/invocation-view.js';
import { InvocationsService } from '../invocations/invocations.service.js';
import { RunEvents } from '../invocations/run-events.service.js';
import { RunStreams } from '../invocations/run-streams.service.js';
import { ApiErrors } from '../platform/http/api-docs.js';
import { Bare, TakesBody } from '../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { askedRun, protocolEvents, resumptionOf, runError, runInputSchema } from './ag-ui/ag-ui.js';
import { askedChat, chatRequestSchema, decidedChat, streamError, uiMessageStream } from './ai-sdk/ai-sdk.js';
import { read, ApiZodBody } from './openai/openai-body.js';

type Decision = Omit<Parameters<Approvals['decideAll']>[1], 'agent_id'>;
type Asked = Omit<Parameters<InvocationsService['invoke']>[0], 'org_id' | 'user_id' | 'agent_id' | 'signal' | 'live'>;

/** The events of a run that a chat front end starts, or continues by deciding the tool calls that wait for approval. */
@Injectable()
export class FrontEndRuns {
  constructor(
    private readonly approvals: Approvals,
    private readonly events: RunEvents,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
  ) {}

  /** Decides, and follows the run that continues. */
  async continued(principal: Principal, agent_id: string, decision: Decision) {
    const run = await this.approvals.decideAll(principal, { agent_id, ...decision });
    return this.events.followPresent(run);
  }

  /** Refusals before the run starts are thrown. Closing the connection stops the run. */
  async started({ org_id, user_id }: Principal, agent_id: string, asked: Asked, response: Response) {
    const request = { ...asked, org_id, user_id, agent_id, signal: callerSignal(response) };
    return this.streams.open(
      org_id,
      (live) => this.invocations.invoke({ ...request, live }),
      (invocation) => invokeResult(invocation, false),
    );
  }
}

/** The Agent-User Interaction protocol. */
@ApiTags('invocations')
@Bare()
@Controller('ag-ui/agents/:agent_id')
export class AgUiController {
  constructor(private readonly runs: FrontEndRuns) {}

  /**
   * Runs the agent with the conversation in `messages`; a `threadId` that is a session continues that session instead. Refusals before the
   * run starts are ordinary errors. Closing the connection stops the run. `resume` decides tool calls that wait for approval, and
   * continues their run.
   */
  @Post()
  @Access('developer')
  @TakesBody('conversation')
  @StreamsEvents('everyone')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Run an agent with AG-UI',
    operationId: 'runAgentWithAgUi',
    description:
      'Runs the agent for a chat front end that uses AG-UI. If `threadId` is a session id, that session continues. Closing the connection stops the run.',
  })
  @ApiZodBody(runInputSchema)
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'AG-UI events.', schema: { type: 'string' } })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  async run(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: unknown,
    @Res() response: Response,
  ): Promise<void> {
    const input = read(runInputSchema, body);
    const resumption = resumptionOf(input);
    const events = resumption
      ? await this.runs.continued(principal, agent_id, resumption)
      : await this.runs.started(principal, agent_id, askedRun(input), response);
    await sendEventStream(response, protocolEvents(input, events), runError);
  }
}

/** The UI message stream of the AI SDK, for `useChat`. */
@ApiTags('invocations')
@Bare()
@Controller('ai-sdk/agents/:agent_id/chat')
export class AiSdkController {
  constructor(private readonly runs: FrontEndRuns) {}

  /**
   * Runs the agent with the conversation in `messages`, or with the last message in the session that `session_id` names. Refusals before
   * the run starts are ordinary errors. Closing the connection stops the run. When the last message answers approvals, it decides
   * the tool calls that wait for them, and continues their run.
   */
  @Post()
  @Access('developer')
  @TakesBody('conversation')
  @StreamsEvents('everyone')
  @HttpCode(200)
  @Header('x-vercel-ai-ui-message-stream', 'v1')
  @ApiOperation({
    summary: "Chat with an agent from the AI SDK's useChat",
    operationId: 'chatWithAiSdk',
    description:
      "Runs the agent for the AI SDK's `useChat`. `session_id` continues a session. Closing the connection stops the run.",
  })
  @ApiZodBody(chatRequestSchema)
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'A UI message stream.', schema: { type: 'string' } })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  async chat(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: unknown,
    @Res() response: Response,
  ): Promise<void> {
    const chat = read(chatRequestSchema, body);
    const decided = decidedChat(chat);
    const events = decided
      ? await this.runs.continued(principal, agent_id, decided)
      : await this.runs.started(principal, agent_id, askedChat(chat), response);
    await sendEventStream(response, uiMessageStream(events, decided?.invocation_id), streamError);
  }
}
