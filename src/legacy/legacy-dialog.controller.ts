import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { FilesInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { deploymentOf } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import { begun, streamed } from '../agents/run-stream.js';
import type { Principal } from '../identity/principal.js';
import { Access } from '../identity/access.decorator.js';
import { CurrentPrincipal } from '../identity/principal.decorator.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/body.interceptor.js';
import { callerSignal } from '../platform/http/caller-signal.js';
import { ErrorFilter } from '../platform/http/error.filter.js';
import { sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { Runtimes } from '../runtimes/runtimes.js';
import { ListMessagesQuery, MessageListDto } from '../sessions/dto/message.dto.js';
import type { Said } from '../sessions/conversation.service.js';
import { messageView } from '../sessions/session-view.js';
import { LegacyContextDto, LegacyRuntimeHealthDto, LegacyStreamDto, LegacyUploadDto } from './dto/legacy.dto.js';
import { LegacyDialogService } from './legacy-dialog.service.js';

const FILES = 5;
const FILE_BYTES = 10 * 1024 * 1024;
/** Forms may carry a few fields that nothing reads. */
const FIELDS = 10;
const FIELD_BYTES = 10_000;

/** Older names of what `agents` and `sessions` do now. */
@ApiTags('older routes')
@Access('viewer')
@Controller('agents/:agent_id')
export class LegacyDialogController {
  constructor(
    private readonly agents: AgentsService,
    private readonly dialog: LegacyDialogService,
    private readonly runtimes: Runtimes,
    private readonly errors: ErrorFilter,
  ) {}

  @Get('context')
  @ApiOperation({ summary: 'Use GET /agents/{agent_id}', operationId: 'legacyGetContext', deprecated: true })
  @ApiData(LegacyContextDto, { description: 'What the agent is made of.' })
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
    summary: "Ask an agent's runtime whether it can run it",
    operationId: 'legacyGetRuntimeHealth',
    deprecated: true,
  })
  @ApiData(LegacyRuntimeHealthDto, { description: 'What the runtime said.' })
  @ApiErrors(404)
  async runtimeHealth(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<LegacyRuntimeHealthDto> {
    const agent = await this.agents.get(org_id, agent_id);
    const { ready, message } = await this.runtimes.get(agent.runtime).health(agent_id, deploymentOf(agent));
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
      is_ready: ready && agent.status === 'running',
      message,
    };
  }

  @Get('sessions/:session_id/messages')
  @ApiOperation({
    summary: 'Use GET /sessions/{session_id}/messages',
    operationId: 'legacyListMessages',
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
    const { items, last_key } = await this.dialog.messages(org_id, agent_id, session_id, query);
    return { messages: items.map((message) => messageView(message)), total: items.length, last_key };
  }

  /** At most 5 text files of at most 10 MB each; the agent looks things up in them for the rest of the session. */
  @Post('sessions/:session_id/upload')
  @Access('developer')
  @TakesBody('files')
  @HttpCode(200)
  @UseInterceptors(
    FilesInterceptor('files', FILES, {
      limits: { fileSize: FILE_BYTES, files: FILES, fields: FIELDS, parts: FILES + FIELDS, fieldSize: FIELD_BYTES },
      defParamCharset: 'utf8',
    }),
  )
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: ['files'],
      additionalProperties: false,
      properties: { files: { type: 'array', minItems: 1, maxItems: 5, items: { type: 'string', format: 'binary' } } },
    },
  })
  @ApiOperation({ summary: 'Give a session documents', operationId: 'legacyUpload', deprecated: true })
  @ApiData(LegacyUploadDto, { description: 'What was kept.' })
  @ApiErrors(400, 404, 413)
  async upload(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('session_id') session_id: string,
    @UploadedFiles() files: Express.Multer.File[] | undefined,
  ): Promise<LegacyUploadDto> {
    const kept = await this.dialog.upload(
      { org_id, agent_id, session_id },
      (files ?? []).map(({ originalname, mimetype, buffer }) => ({
        name: originalname,
        content_type: mimetype,
        bytes: buffer,
      })),
    );
    return { files: kept, count: kept.length, session_id };
  }

  @Post('sessions/:session_id/stream')
  @Access('developer')
  @TakesBody('message')
  @StreamsEvents('everyone')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Use POST /sessions/{session_id}/messages with Accept: text/event-stream',
    operationId: 'legacyStream',
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
    const run = await this.dialog.say({
      org_id,
      user_id,
      agent_id,
      session_id,
      content: message,
      signal: callerSignal(response),
    });
    const answer = ({ assistant_message, user_message }: Said) =>
      messageView(assistant_message, user_message.message_id);
    await sendEventStream(response, streamed(await begun(run), answer, this.errors));
  }
}
