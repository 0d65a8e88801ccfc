import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { FilesInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../identity/principal.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { PageQuery } from '../platform/http/page.dto.js';
import { ValidationError } from '../shared/domain-error.js';
import { AgentDefinitions, EDITABLE } from './agent-definitions.service.js';
import { AgentDeletionService } from './agent-deletion.service.js';
import { AgentViewService } from './agent-view.service.js';
import type { AgentVersion } from './agent.js';
import { AgentsService } from './agents.service.js';
import { AgentDocumentListDto, DefinitionDto, EditDefinitionDto } from './dto/agent-definition.dto.js';
import { AgentDto, AgentListDto, AgentVersionListDto, DeletedAgentDto, EditedAgentDto } from './dto/agent.dto.js';
import {
  ListAgentsQuery,
  PlaceAgentDto,
  RollbackAgentDto,
  SetAgentStatusDto,
  UpdateAgentDto,
} from './dto/agent-requests.dto.js';

const FILES = 5;
const FILE_BYTES = 10 * 1024 * 1024;

@ApiTags('agents')
@Access('viewer')
@Controller('agents')
export class AgentsController {
  constructor(
    private readonly agents: AgentsService,
    private readonly views: AgentViewService,
    private readonly deletion: AgentDeletionService,
    private readonly definitions: AgentDefinitions,
  ) {}

  /** Newest first. Filters may be combined. */
  @Get()
  @ApiOperation({
    summary: 'List agents',
    operationId: 'listAgents',
    description:
      'Lists agents. You can filter by project, status, category and capabilities, and search names and descriptions.',
  })
  @ApiData(AgentListDto, { description: 'One page of agents, newest first.' })
  @ApiErrors(400)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: ListAgentsQuery): Promise<AgentListDto> {
    const { items, last_key } = await this.agents.list(org_id, query, query);
    const agents = await this.views.many(org_id, items);
    return { agents, total: agents.length, last_key };
  }

  @Get(':agent_id')
  @ApiOperation({
    summary: 'Get an agent',
    operationId: 'getAgent',
    description: 'Returns the agent with its version, runtime, tools, counters and requirement coverage.',
  })
  @ApiData(AgentDto, { description: 'The agent with its counters.' })
  @ApiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('agent_id') agent_id: string): Promise<AgentDto> {
    return this.views.one(await this.agents.get(org_id, agent_id));
  }

  @Put(':agent_id')
  @Audited({ action: 'agent.changed', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Update an agent',
    operationId: 'updateAgent',
    description:
      'Changes the description, category, version, tags, capabilities, model, output schema or the tools that require approval. Fields that you omit stay unchanged.',
  })
  @ApiData(AgentDto, { description: 'The agent after the change.' })
  @ApiErrors(400, 404, 409)
  async update(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: UpdateAgentDto,
  ): Promise<AgentDto> {
    const isEmpty = Object.values(body).every((value) => value === undefined);
    if (isEmpty)
      throw ValidationError.field(
        'body',
        'must have at least one of description, category, version, capabilities, tags, model_id, requires_approval, output_schema',
      );
    return this.views.one(await this.agents.update(org_id, agent_id, body));
  }

  @Put(':agent_id/status')
  @Audited({ action: 'agent.status_changed', target: 'agent_id', details: ['status'] })
  @Access('developer')
  @ApiOperation({
    summary: "Set an agent's state",
    operationId: 'setAgentStatus',
    description: 'Only a running agent accepts calls: `offline` takes the agent offline, `running` brings it back.',
  })
  @ApiData(AgentDto, { description: 'The agent after the change.' })
  @ApiErrors(400, 404, 409)
  async setStatus(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: SetAgentStatusDto,
  ): Promise<AgentDto> {
    return this.views.one(await this.agents.setStatus(org_id, agent_id, body.status, body.error_message));
  }

  /** Deletes the agent with its deployment, invocations, sessions and messages. Statistics of the past stay. */
  @Delete(':agent_id')
  @Audited({ action: 'agent.deleted', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Delete an agent and all its data',
    operationId: 'deleteAgent',
    description:
      'Deletes the agent with its versions, deployment, sessions, messages and invocations. Statistics are kept. This cannot be undone.',
  })
  @ApiData(DeletedAgentDto, { description: 'Number of deleted records.' })
  @ApiErrors(404, 502, 504)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<DeletedAgentDto> {
    return { deleted: await this.deletion.delete(org_id, agent_id) };
  }

  /** The whole definition, with the texts of its documents. */
  @Get(':agent_id/definition')
  @ApiOperation({
    summary: "Get an agent's definition",
    operationId: 'getAgentDefinition',
    description:
      'Returns the definition that new calls use: prompt, tools, model, limits and knowledge. Send its `revision` when you edit it.',
  })
  @ApiData(DefinitionDto, { description: 'The definition with its revision.' })
  @ApiErrors(404)
  async getDefinition(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<DefinitionDto> {
    const { agent, definition } = await this.agents.getAt(org_id, agent_id);
    return { agent_id, version: agent.version, revision: agent.revision, definition };
  }

  /**
   * Makes a version with the changed definition, which the agent runs from the next message on unless `activate` is false. No build has
   * proven it, so its coverage is null. Earlier versions stay: `POST /agents/{agent_id}/rollback` returns to them.
   */
  @Put(':agent_id/definition')
  @TakesBody('document')
  @Audited({ action: 'agent.edited', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: "Change an agent's prompt, tools, model, knowledge or limits",
    operationId: 'editAgentDefinition',
    description:
      'Stores the changed definition as a new version. New calls use it, unless you send `"activate": false` to roll it out later. Fields that you omit stay unchanged. Returns 409 if the agent has changed since you read `revision`.',
  })
  @ApiData(EditedAgentDto, { description: 'The agent with its new version.' })
  @ApiErrors(400, 404, 409, 413)
  async edit(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { revision, activate, ...changes }: EditDefinitionDto,
  ): Promise<EditedAgentDto> {
    const isEmpty = Object.values(changes).every((value) => value === undefined);
    if (isEmpty) throw ValidationError.field('body', `must have at least one of ${EDITABLE.join(', ')}`);
    const { agent, version } = await this.definitions.edit({ org_id, user_id }, agent_id, revision, changes, activate);
    return { ...(await this.views.one(agent)), edited_version: version };
  }

  /**
   * At most 5 files of at most 10 MB: text, Markdown, CSV, JSON, HTML, PDF and DOCX. The agent looks things up in them and quotes
   * page and heading. Makes a version; a file replaces the document of the same name.
   */
  @Post(':agent_id/documents')
  @TakesBody('files')
  @Audited({ action: 'agent.documents_added', target: 'agent_id' })
  @Access('developer')
  @HttpCode(200)
  @UseInterceptors(
    FilesInterceptor('files', FILES, {
      limits: { fileSize: FILE_BYTES, files: FILES, fields: 0, parts: FILES },
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
    summary: 'Add documents to an agent',
    operationId: 'addAgentDocuments',
    description:
      'Adds files that the agent can search, as a new version. Text, Markdown, CSV and JSON are always supported; HTML, DOCX and PDF only if the server has their readers (`npm run documents:install`). At most 5 files of 10 MB each. A file replaces the document with the same name.',
  })
  @ApiData(AgentDto, { description: 'The agent with its new version.' })
  @ApiErrors(400, 404, 409, 413, 422, 429)
  async addDocuments(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @UploadedFiles() files: Express.Multer.File[] | undefined,
  ): Promise<AgentDto> {
    const given = (files ?? []).map(({ originalname: name, mimetype: content_type, buffer: bytes }) => ({
      ...{ name, content_type, bytes },
    }));
    return this.views.one(await this.definitions.addDocuments({ org_id, user_id }, agent_id, given));
  }

  @Get(':agent_id/documents')
  @ApiOperation({
    summary: "List an agent's documents",
    operationId: 'listAgentDocuments',
    description: 'Lists the documents that the agent can search, with their sizes.',
  })
  @ApiData(AgentDocumentListDto, { description: "The documents of the agent's current version." })
  @ApiErrors(404)
  async listDocuments(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
  ): Promise<AgentDocumentListDto> {
    const { definition } = await this.agents.getAt(org_id, agent_id);
    const documents = definition.knowledge.map(({ name, content }) => ({
      ...{ name, characters: content.length, pages: content.split('\f').length },
    }));
    return { documents, total: documents.length };
  }

  /** Makes a version without the document. Earlier versions keep it. */
  @Delete(':agent_id/documents/:name')
  @Audited({ action: 'agent.document_removed', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: 'Remove a document from an agent',
    operationId: 'removeAgentDocument',
    description:
      'Creates a new version without the document. Earlier versions keep it. Documents uploaded to sessions are not affected.',
  })
  @ApiData(AgentDto, { description: 'The agent with its new version.' })
  @ApiErrors(404, 409)
  async removeDocument(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Param('name') name: string,
  ): Promise<AgentDto> {
    return this.views.one(await this.definitions.removeDocument({ org_id, user_id }, agent_id, name));
  }

  /** Definitions are immutable and kept; newest first. */
  @Get(':agent_id/versions')
  @ApiOperation({
    summary: "List an agent's versions",
    operationId: 'listAgentVersions',
    description: 'Lists the versions, newest first. Each build and each edit of the definition adds a version.',
  })
  @ApiData(AgentVersionListDto, { description: 'One page of versions, newest first.' })
  @ApiErrors(400, 404)
  async listVersions(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Query() query: PageQuery,
  ): Promise<AgentVersionListDto> {
    const [agent, { items, last_key }] = await Promise.all([
      this.agents.get(org_id, agent_id),
      this.agents.listVersions(org_id, agent_id, query),
    ]);
    const versions = items.map(({ version, build_id, created_by = null, version_number, created_at, ...made }) => ({
      version,
      build_id,
      created_by,
      current: version_number === agent.version_number,
      definition: listedDefinition(made),
      created_at,
    }));
    return { versions, total: versions.length, last_key };
  }

  /** Points the agent to a version that it had before; nothing is lost, it can be pointed forward again. */
  @Post(':agent_id/rollback')
  @Audited({ action: 'agent.rolled_back', target: 'agent_id', details: ['version'] })
  @Access('developer')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Roll an agent back to another version',
    operationId: 'rollbackAgent',
    description:
      'Makes the given version the current one, which new calls use. All versions are kept, so a rollback can be undone.',
  })
  @ApiData(AgentDto, { description: 'The agent after the rollback.' })
  @ApiErrors(400, 404, 409, 422)
  async rollback(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() body: RollbackAgentDto,
  ): Promise<AgentDto> {
    return this.views.one(await this.agents.rollback(org_id, agent_id, body.version));
  }

  /**
   * Moves the agent. It answers from where it was until it has arrived; its sessions, versions and counters stay. The next
   * build of its project deploys the new version to where builds deploy (the setting AGENT_RUNTIME).
   */
  @Put(':agent_id/runtime')
  @Audited({ action: 'agent.runtime_changed', target: 'agent_id' })
  @Access('developer')
  @ApiOperation({
    summary: "Set an agent's runtime",
    operationId: 'placeAgent',
    description:
      'Moves the agent to the local runtime, an HTTP container or Bedrock AgentCore. If the new runtime does not respond, the agent stays where it is.',
  })
  @ApiData(AgentDto, { description: 'The agent with its new runtime.' })
  @ApiErrors(400, 404, 409, 502, 504)
  async place(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('agent_id') agent_id: string,
    @Body() { runtime, endpoint_url }: PlaceAgentDto,
  ): Promise<AgentDto> {
    return this.views.one(await this.agents.place(org_id, agent_id, runtime, endpoint_url));
  }
}

/** Documents whose texts are stored apart are listed by name and size. */
function listedDefinition({
  definition,
  documents,
}: Pick<AgentVersion, 'definition' | 'documents'>): Record<string, unknown> {
  if (!documents) return { ...definition };
  return { ...definition, knowledge: documents.map(({ name, characters }) => ({ name, characters })) };
}
