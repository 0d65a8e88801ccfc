import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { drained } from '../agents/run-stream.js';
import { BackgroundAnswer } from '../agents/runs/background-answer.service.js';
import { RunStateDto } from '../agents/dto/invocation.dto.js';
import type { LiveRun } from '../agents/runs/live-run.js';
import { RunStreams } from '../agents/runs/run-streams.service.js';
import type { Principal } from '../identity/principal.js';
import { Access } from '../identity/access.decorator.js';
import { CurrentPrincipal } from '../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/body.interceptor.js';
import { callerSignal, wantsEventStream } from '../platform/http/caller-signal.js';
import { sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { ConversationService, type Said } from './conversation.service.js';
import { ListMessagesQuery, MessageDto, MessageListDto, SendMessageDto, SendMessageQuery } from './dto/message.dto.js';
import { DEFAULT_WAIT_MS } from './session-conversations.js';
import { messageView } from './session-view.js';
import { assertSmall, SessionsService } from './sessions.service.js';

@ApiTags('sessions')
@Access('viewer')
@Controller('sessions/:session_id/messages')
export class MessagesController {
  constructor(
    private readonly conversations: ConversationService,
    private readonly sessions: SessionsService,
    private readonly streams: RunStreams,
    private readonly background: BackgroundAnswer,
  ) {}

  /**
   * Stores the message, runs the agent with the conversation so far, and answers with the agent's message. One message at a
   * time: another one waits its turn. With `Accept: text/event-stream` the answer streams: `start`, `delta`, `tool_call`,
   * `tool_result`, then `done` (this same object) or `error`. Leaving the stream stops the run. With `"background": true` the
   * answer is 202 at once, or the stream of a run that goes on whatever its listeners do.
   */
  @Post()
  @Access('developer')
  @TakesBody('message')
  @HttpCode(200)
  @StreamsEvents('acceptors')
  @ApiOperation({ summary: 'Send a message', operationId: 'sendMessage' })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiData(MessageDto, { description: "The agent's answer, or the stored message when its role is system." })
  @ApiData(RunStateDto, { status: 202, description: 'The answer is made in the background; Location is its record.' })
  @ApiErrors(400, 404, 409, 413, 422, 502, 504)
  async send(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('session_id') session_id: string,
    @Query() { on_busy }: SendMessageQuery,
    @Body() { role, background, ...body }: SendMessageDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<MessageDto | RunStateDto | undefined> {
    assertSmall(body.metadata);
    const message = { ...body, org_id, user_id, session_id, wait_ms: on_busy === 'reject' ? 0 : DEFAULT_WAIT_MS };
    if (role === 'system') return messageView(await this.conversations.note(message));
    if (background) {
      const run = (live: LiveRun) => this.conversations.say({ ...message, live });
      const session = await this.sessions.get(org_id, session_id);
      const beginning = await this.conversations.beginning(session, message);
      return this.background.start(request, response, { beginning, run, answer });
    }
    const signal = callerSignal(response);
    if (!wantsEventStream(request))
      return answer(await drained(this.conversations.say({ ...message, quiet: true, signal })));
    const run = (live: LiveRun) => this.conversations.say({ ...message, live, signal });
    await sendEventStream(response, await this.streams.open(org_id, run, answer));
    return undefined;
  }

  /** Oldest first unless asked otherwise. */
  @Get()
  @ApiOperation({ summary: "List a session's messages", operationId: 'listMessages' })
  @ApiData(MessageListDto, { description: 'One page of messages.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('session_id') session_id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessageListDto> {
    const { items, last_key } = await this.sessions.listMessages(org_id, session_id, query);
    return { messages: items.map((message) => messageView(message)), total: items.length, last_key };
  }
}

function answer({ assistant_message, user_message }: Said): MessageDto {
  return messageView(assistant_message, user_message.message_id);
}
