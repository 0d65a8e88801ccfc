import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { StreamsEvents } from '../platform/http/event-stream.js';
import { MessageDto, SendMessageDto, SendMessageQuery } from '../sessions/dto/session.dto.js';
import { SessionTurns, TURN_WAIT_MS } from '../sessions/session-turns.service.js';
import { messageView } from '../sessions/session-view.js';
import { assertSmall, SessionsService } from '../sessions/sessions.service.js';
import { ConversationService, type Said } from './conversation.service.js';
import { RunStateDto } from './dto/invocation.dto.js';
import type { LiveRun } from './live-runs.service.js';
import { RunAnswers } from './run-answers.js';

/** Messages that an agent answers. Reading them is in `sessions/`. */
@ApiTags('sessions')
@Controller('sessions/:session_id/messages')
export class MessagesController {
  constructor(
    private readonly conversations: ConversationService,
    private readonly sessions: SessionsService,
    private readonly turns: SessionTurns,
    private readonly answers: RunAnswers,
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
  @ApiOperation({
    summary: 'Send a message',
    operationId: 'sendMessage',
    description:
      'Stores the message, runs the agent and stores the answer. `Accept: text/event-stream` streams the answer; `background` returns 202 immediately. A session answers one message at a time: `on_busy` decides whether another message waits its turn (up to 30 seconds, then 409) or fails with 409 immediately.',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiData(MessageDto, { description: "The agent's answer, or the stored message when its role is system." })
  @ApiData(RunStateDto, {
    status: 202,
    description: 'The run continues in the background or waits for approval. `Location` is the URL of the run.',
  })
  @ApiErrors(400, 402, 404, 409, 413, 422, 502, 504)
  async send(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('session_id') session_id: string,
    @Query() { on_busy }: SendMessageQuery,
    @Body() { role, background, ...body }: SendMessageDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<MessageDto | RunStateDto | undefined> {
    assertSmall(body.metadata);
    const message = { ...body, org_id, user_id, session_id, wait_ms: on_busy === 'reject' ? 0 : TURN_WAIT_MS };
    if (role === 'system') return messageView(await this.turns.note(message));
    const exchange = { request, response };
    if (background) {
      const run = (live: LiveRun) => this.conversations.say({ ...message, live });
      const session = await this.sessions.get(org_id, session_id);
      const beginning = await this.conversations.beginning(session, message);
      return this.answers.background(exchange, { beginning, run, answer });
    }
    return this.answers.attached(
      exchange,
      org_id,
      (attachment) => this.conversations.say({ ...message, ...attachment }),
      answer,
    );
  }
}

function answer({ assistant_message, user_message }: Said): MessageDto {
  return messageView(assistant_message, user_message.message_id);
}
