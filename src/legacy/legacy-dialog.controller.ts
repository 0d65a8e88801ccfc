import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AgentsService } from '../agents/agents.service.js';
import type { Principal } from '../identity/principal.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ConversationService, type Said } from '../invocations/conversation.service.js';
import { begun, RunStreams } from '../invocations/run-streams.service.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { ListMessagesQuery, MessageListDto } from '../sessions/dto/session.dto.js';
import { TURN_WAIT_MS } from '../sessions/session-turns.service.js';
import { messageView } from '../sessions/session-view.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { LegacyContextDto, LegacyRuntimeHealthDto, LegacyStreamDto } from './dto/legacy.dto.js';

/** Older routes of `agents`, `sessions` and `invocations`. They name agent and session; the session must be that agent's. */
@ApiTags('older routes')
@Access('viewer')
@Controller('agents/:agent_id')
export class LegacyDialogController {
  constructor(
    private readonly agents: AgentsService,
    private readonly sessions: SessionsService,
    private readonly conversations: ConversationService,
    private readonly streams: RunStreams,
  ) {}

  @Get('context')
  @ApiOperation({
    summary: 'Use GET /agents/{agent_id}',
    operationId: 'legacyGetContext',
    description: 'Returns the description, tags and model of the agent, and the paths of its artifacts.',
    deprecated: true,
  })
  @ApiData(LegacyContextDto, { description: "The agent's description, tags, model and artifact paths." })
  @ApiErrors(404)
  async context(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<LegacyContextDto> {
    const agent = await this.agents.get(org_id, agent_id);
    return {
      agent_id,
      display_name: agent.agent_name,
      description: agent.description,
      tags: agent.tags,
      system_prompt_path: 'prompts/system.md',
      code_path: 'agent.json',
      tools_path: 'tools/',
      runtime_model_id: this.agents.modelOf(agent),
      agentcore_runtime_arn: agent.agentcore_config?.agent_arn ?? null,
      agentcore_runtime_alias: agent.agentcore_config?.agent_alias_id ?? null,
      agentcore_region: agent.region,
    };
  }

  @Get('runtime/health')
  @ApiOperation({
    summary: "Check whether an agent's runtime can run it",
    operationId: 'legacyGetRuntimeHealth',
    description: "Returns whether the agent's status is `running` and its runtime is ready. No newer route exists yet.",
    deprecated: true,
  })
  @ApiData(LegacyRuntimeHealthDto, { description: 'Whether the agent can run, with the message of its runtime.' })
  @ApiErrors(404)
  async runtimeHealth(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<LegacyRuntimeHealthDto> {
    const { agent, is_ready, message } = await this.agents.health(org_id, agent_id);
    const arn = agent.agentcore_config?.agent_arn ?? null;
    return {
      agent_id,
      agent_name: agent.agent_name,
      status: agent.status,
      runtime_type: agent.runtime,
      has_agentcore_arn: arn !== null,
      has_entrypoint: agent.runtime === 'local',
      agentcore_arn: arn,
      entrypoint: agent.runtime === 'local' ? 'agent.json' : null,
      is_ready,
      message,
    };
  }

  @Get('sessions/:session_id/messages')
  @ApiOperation({
    summary: 'Use GET /sessions/{session_id}/messages',
    operationId: 'legacyListMessages',
    description: 'Same as `GET /sessions/{session_id}/messages`. The session must belong to the agent.',
    deprecated: true,
  })
  @ApiData(MessageListDto, { description: 'One page of messages.' })
  @ApiErrors(400, 404)
  async messages(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('session_id') session_id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessageListDto> {
    await this.sessions.getOfAgent(org_id, agent_id, session_id);
    const { items, last_key } = await this.sessions.listMessages(org_id, session_id, query);
    return { messages: items.map((message) => messageView(message)), total: items.length, last_key };
  }

  @Post('sessions/:session_id/stream')
  @Access('developer')
  @TakesBody('message')
  @StreamsEvents('everyone')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use POST /sessions/{session_id}/messages with Accept: text/event-stream',
    operationId: 'legacyStream',
    description: 'Sends a message and streams the answer as Server-Sent Events.',
    deprecated: true,
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'Events until the agent has answered.', schema: { type: 'string' } })
  @ApiErrors(400, 404, 409)
  async stream(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('session_id') session_id: string,
    @Body() { message }: LegacyStreamDto,
    @Res() response: Response,
  ): Promise<void> {
    await this.sessions.getOfAgent(org_id, agent_id, session_id);
    const run = this.conversations.say({
      org_id,
      user_id,
      session_id,
      content: message,
      wait_ms: TURN_WAIT_MS,
      signal: callerSignal(response),
    });
    const answer = ({ assistant_message, user_message }: Said) =>
      messageView(assistant_message, user_message.message_id);
    await sendEventStream(response, this.streams.events(await begun(run), answer));
  }
}
