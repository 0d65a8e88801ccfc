import { Body, Controller, HttpCode, Post, Res, Get, Param } from '@nestjs/common';
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
import { read, seconds, ApiObject, ApiOpenAiErrors, ApiZodBody, OpenAiRoutes } from './openai-body.js';
import { inCallersWords, refusedStream } from './openai-error.js';
import type { Agent } from '../../agents/agent.js';

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
      'Runs the agent that `model` names on the conversation in `messages`. Stateless: send the whole conversation each time. Accepts tools, `response_format`, images and `stream`.',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiZodBody(chatSchema, {
    model: 'proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:shop-support',
    messages: [{ role: 'user', content: 'What is 15% of 80?' }],
  })
  @ApiObject('The answer, or its chunks as Server-Sent Events with `stream`.', 'chat.completion')
  @ApiOpenAiErrors(400, 402, 404, 409, 413, 415, 422, 502, 504)
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

/** Agents as models. */
@OpenAiRoutes()
@Access('viewer')
@Controller('v1/models')
export class OpenAiModelsController {
  constructor(private readonly agents: AgentsService) {}

  /** Every agent that can be invoked, newest first. */
  @Get()
  @ApiOperation({
    summary: 'List models',
    operationId: 'openaiListModels',
    description: "Lists the agents that can be invoked, newest first. A model's id is its agent's id.",
  })
  @ApiObject('The agents.', 'list', { data: { type: 'array', items: { type: 'object' } } })
  @ApiOpenAiErrors()
  async list(@CurrentPrincipal() { org_id }: Principal) {
    const data = [];
    for await (const agent of this.agents.runnable(org_id)) data.push(modelOf(agent));
    return { object: 'list', data };
  }

  /** By agent id, or by agent name where it is unique in the organization. */
  @Get(':model')
  @ApiOperation({
    summary: 'Get a model',
    operationId: 'openaiGetModel',
    description: 'Returns an agent as a model, by its id, or by its name if the name is unique in the organization.',
  })
  @ApiObject('The agent.', 'model', {
    id: { type: 'string' },
    created: { type: 'integer' },
    owned_by: { type: 'string' },
  })
  @ApiOpenAiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('model') model: string) {
    return modelOf(await this.agents.get(org_id, await this.agents.idOf(org_id, model)));
  }
}

const modelOf = ({ agent_id: id, org_id: owned_by, created_at }: Agent) => ({
  id,
  object: 'model',
  created: seconds(created_at),
  owned_by,
});
