import {
  Body,
  Controller,
  Delete,
  Get,
  Param,
  Post,
  Query,
  HttpCode,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { ApiOperation, ApiTags, ApiBody, ApiConsumes } from '@nestjs/swagger';
import { FilesInterceptor } from '@nestjs/platform-express';
import { decodeTime } from 'ulid';
import type { Principal } from '../identity/principal.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { PageQuery } from '../platform/http/page.dto.js';
import {
  CreateSessionDto,
  DeletedSessionDto,
  ListAllSessionsQuery,
  ListMessagesQuery,
  ListSessionsQuery,
  MessageListDto,
  SessionDocumentListDto,
  SessionDto,
  SessionListDto,
  UploadedFilesDto,
} from './dto/session.dto.js';
import type { Page } from '../shared/page.js';
import type { Session } from './session.js';
import { messageView, sessionView } from './session-view.js';
import { SessionsService } from './sessions.service.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { SessionMemory } from './session-memory.service.js';

@ApiTags('sessions')
@Access('viewer')
@Controller()
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly memory: SessionMemory,
  ) {}

  @Post('agents/:agent_id/sessions')
  @Access('developer')
  @ApiOperation({
    summary: 'Open a session with an agent',
    operationId: 'createSession',
    description: "Opens a conversation. The agent sees the conversation's earlier messages and documents.",
  })
  @ApiData(SessionDto, { status: 201, description: 'The session.' })
  @ApiErrors(400, 404, 409, 422)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: CreateSessionDto,
  ): Promise<SessionDto> {
    const { org_id } = principal;
    return sessionView(
      await this.sessions.create({ ...body, org_id, agent_id, user_id: body.user_id ?? principal.user_id }),
    );
  }

  /** Last active first. */
  @Get('agents/:agent_id/sessions')
  @ApiOperation({
    summary: "List an agent's sessions",
    operationId: 'listAgentSessions',
    description: 'Lists the sessions of this agent, last active first.',
  })
  @ApiData(SessionListDto, { description: 'One page of sessions, last active first.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Query() { limit, last_key, ...filter }: ListSessionsQuery,
  ): Promise<SessionListDto> {
    return listView(await this.sessions.list(org_id, { ...filter, agent_id }, { limit, last_key }));
  }

  /** Last active first, of all agents. */
  @Get('sessions')
  @ApiOperation({
    summary: 'List sessions of all agents',
    operationId: 'listSessions',
    description: 'Lists the sessions of the organization, last active first.',
  })
  @ApiData(SessionListDto, { description: 'One page of sessions, last active first.' })
  @ApiErrors(400, 404)
  async listAll(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { limit, last_key, ...filter }: ListAllSessionsQuery,
  ): Promise<SessionListDto> {
    return listView(await this.sessions.list(org_id, filter, { limit, last_key }));
  }

  @Get('sessions/:session_id')
  @ApiOperation({
    summary: 'Get a session',
    operationId: 'getSession',
    description: 'Returns the session with its agent, user, number of messages and last activity.',
  })
  @ApiData(SessionDto, { description: 'The session.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('session_id') session_id: string): Promise<SessionDto> {
    return sessionView(await this.sessions.get(org_id, session_id));
  }

  /** Deletes the session with its messages and documents. */
  @Delete('sessions/:session_id')
  @Access('developer')
  @ApiOperation({
    summary: 'Delete a session and its messages',
    operationId: 'deleteSession',
    description: 'Deletes the session with its messages and documents. This cannot be undone.',
  })
  @ApiData(DeletedSessionDto, { description: 'Number of deleted records.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('session_id') session_id: string,
  ): Promise<DeletedSessionDto> {
    return { deleted: { sessions: 1, messages: await this.sessions.delete(org_id, session_id) } };
  }

  /** Oldest first unless asked otherwise. */
  @Get('sessions/:session_id/messages')
  @ApiOperation({
    summary: "List a session's messages",
    operationId: 'listMessages',
    description: 'Lists messages in the order of the conversation, or newest first with `order=desc`.',
  })
  @ApiData(MessageListDto, { description: 'One page of messages.' })
  @ApiErrors(400, 404)
  async listMessages(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('session_id') session_id: string,
    @Query() query: ListMessagesQuery,
  ): Promise<MessageListDto> {
    const { items, last_key } = await this.sessions.listMessages(org_id, session_id, query);
    return { messages: items.map((message) => messageView(message)), total: items.length, last_key };
  }

  /** Oldest first. */
  @Get('sessions/:session_id/documents')
  @ApiOperation({
    summary: "List a session's documents",
    operationId: 'listSessionDocuments',
    description: 'Lists the documents that were uploaded to the session for its agent to search.',
  })
  @ApiData(SessionDocumentListDto, { description: 'One page of documents, oldest first.' })
  @ApiErrors(400, 404)
  async listDocuments(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('session_id') session_id: string,
    @Query() query: PageQuery,
  ): Promise<SessionDocumentListDto> {
    const { items, last_key } = await this.memory.listDocuments(org_id, session_id, query);
    const documents = items.map(({ file_id, name, characters }) => ({
      ...{ file_id, filename: name, characters: characters ?? null },
      uploaded_at: new Date(decodeTime(file_id.replace(/^file_/, ''))).toISOString(),
    }));
    return { documents, total: documents.length, last_key };
  }
}

const listView = ({ items, last_key }: Page<Session>): SessionListDto => ({
  sessions: items.map(sessionView),
  total: items.length,
  last_key,
});

const FILES = 5;
const FILE_BYTES = 10 * 1024 * 1024;
/** Forms may carry a few fields, which are ignored. */
const FIELDS = 10;
const FIELD_BYTES = 10_000;

/** Documents of sessions. The API document lists the route among the older ones. */
@ApiTags('older routes')
@Controller('agents/:agent_id/sessions/:session_id')
export class SessionFilesController {
  constructor(private readonly memory: SessionMemory) {}

  /** At most 5 files of at most 10 MB each (text, Markdown, HTML, PDF, DOCX); the agent looks things up in them for the rest of the session. */
  @Post('upload')
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
      properties: {
        files: { type: 'array', minItems: 1, maxItems: FILES, items: { type: 'string', format: 'binary' } },
      },
    },
  })
  @ApiOperation({
    summary: 'Add documents to a session',
    operationId: 'legacyUpload',
    description:
      'Adds files that the agent can search during this session. Text, Markdown, CSV and JSON are always supported; HTML, DOCX and PDF only if the server has their readers (`npm run documents:install`). At most 5 files of 10 MB each. No newer route exists yet.',
    deprecated: true,
  })
  @ApiData(UploadedFilesDto, { description: 'The stored documents.' })
  @ApiErrors(400, 404, 413)
  async upload(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('session_id') session_id: string,
    @UploadedFiles() files: Express.Multer.File[] | undefined,
  ): Promise<UploadedFilesDto> {
    const kept = await this.memory.upload(
      { org_id, agent_id, session_id },
      (files ?? []).map(({ originalname, mimetype, buffer }) => ({
        name: originalname,
        content_type: mimetype,
        bytes: buffer,
      })),
    );
    return { files: kept, count: kept.length, session_id };
  }
}
