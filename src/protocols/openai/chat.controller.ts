import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces } from '@nestjs/swagger';
import type { Response } from 'express';
import { AgentsService } from '../../agents/agents.service.js';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { InvocationsService, type InvokeRequest } from '../../invocations/invocations.service.js';
import { invokeResult } from '../../invocations/invocation-view.js';
import { drained, RunStreams, speaking } from '../../invocations/run-streams.service.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../../platform/http/event-stream.js';
import { Clock } from '../../shared/clock.js';
import { CHAT_NAMES, chatChunks, chatCompletion, chatRun, chatSchema } from './chat.js';
import { read, seconds } from './openai-body.js';
import { ApiObject, ApiOpenAiErrors, ApiZodBody, OpenAiRoutes } from './openai-docs.js';
import { inCallersWords, refusedStream } from './openai-error.js';

@OpenAiRoutes()
@Controller('v1/chat/completions')
export class OpenAiChatController {
  constructor(
    private readonly agents: AgentsService,
    private readonly invocations: InvocationsService,
    private readonly streams: RunStreams,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs the agent that `model` names with the whole conversation in `messages`: nothing is remembered. The run is an ordinary
   * invocation; its id is that of the completion with `inv_` for `chatcmpl-`. Closing the connection stops it.
   */
  @Post()
  @Access('developer')
  @TakesBody('conversation')
  @StreamsEvents({ field: 'stream' })
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create a chat completion',
    operationId: 'openaiCreateChatCompletion',
    description:
      'Runs the agent that `model` names with the whole conversation in `messages`; nothing is remembered. Accepts tools, `response_format`, images and `stream`.',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiZodBody(chatSchema, {
    model: 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support',
    messages: [{ role: 'user', content: 'What is 15% of 80?' }],
  })
  @ApiObject('The answer, or with `stream` its chunks as Server-Sent Events.', 'chat.completion')
  @ApiOpenAiErrors(404, 409, 413, 415, 422, 502, 504)
  async create(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() given: unknown,
    @Res({ passthrough: true }) response: Response,
  ) {
    const body = read(chatSchema, given);
    const run = chatRun(body);
    const agent_id = await this.agents.idOf(org_id, body.model);
    const request: InvokeRequest = { ...run, org_id, user_id, agent_id, signal: callerSignal(response) };
    try {
      if (!body.stream) {
        const invocation = await drained(this.invocations.invoke({ ...request, quiet: true }));
        return chatCompletion(invocation, body.model);
      }
      const events = await this.streams.open(
        org_id,
        (live) => speaking(this.invocations.invoke({ ...request, live })),
        (invocation) => invokeResult(invocation, false),
      );
      const about = { model: body.model, created: seconds(this.clock.timestamp()) };
      const withUsage = body.stream_options?.include_usage ?? false;
      await sendEventStream(response, chatChunks(events, { ...about, withUsage }), refusedStream);
      return undefined;
    } catch (error) {
      const asked = Object.entries(run.options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      const hasImages = run.turn.some(({ parts }) => parts);
      throw inCallersWords(error, CHAT_NAMES, hasImages ? ['images', ...asked] : asked);
    }
  }
}
