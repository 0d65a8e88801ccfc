import { Body, Controller, Header, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { invokeResult } from '../../invocations/invocation-view.js';
import { Approvals } from '../../invocations/approvals.service.js';
import { InvocationsService } from '../../invocations/invocations.service.js';
import { RunEvents } from '../../invocations/run-events.service.js';
import { RunStreams } from '../../invocations/run-streams.service.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../../platform/http/event-stream.js';
import { read } from '../openai/openai-body.js';
import { ApiZodBody } from '../openai/openai-docs.js';
import { askedChat, chatRequestSchema, decidedChat, streamError, uiMessageStream } from './ai-sdk.js';

/** The UI message stream of the AI SDK, for `useChat`. */
@ApiTags('invocations')
@Bare()
@Controller('ai-sdk/agents/:agent_id/chat')
export class AiSdkController {
  constructor(
    private readonly approvals: Approvals,
    private readonly events: RunEvents,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
  ) {}

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
      'Runs the agent for `useChat` of the AI SDK. `session_id` continues a session. Closing the connection stops the run.',
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
    const { org_id, user_id } = principal;
    const chat = read(chatRequestSchema, body);
    const decided = decidedChat(chat);
    if (decided) {
      const run = await this.approvals.decideAll(principal, { agent_id, ...decided });
      const events = await this.events.followPresent(run);
      await sendEventStream(response, uiMessageStream(events, decided.invocation_id), streamError);
      return;
    }
    const asked = askedChat(chat);
    const request = { ...asked, org_id, user_id, agent_id, signal: callerSignal(response) };
    const events = await this.streams.open(
      org_id,
      (live) => this.invocations.invoke({ ...request, live }),
      (invocation) => invokeResult(invocation, false),
    );
    await sendEventStream(response, uiMessageStream(events), streamError);
  }
}
