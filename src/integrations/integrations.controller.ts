import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res, UploadedFile } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { AuditLog } from '../identity/audit/audit-log.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import { actorOf, type Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { callerSignal, sendEventStream, StreamsEvents } from '../platform/http/event-stream.js';
import { Clock } from '../shared/clock.js';
import { ownerOf, ToolAttachment } from '../tools/attachments/tool-attachment.service.js';
import {
  AttachOperationsDto,
  CallOperationDto,
  ChangeIntegrationDto,
  CreateIntegrationDto,
  CreateIntegrationForm,
  ListIntegrationsQuery,
  ListOperationsQuery,
} from './dto/integration-requests.dto.js';
import {
  AttachedOperationsDto,
  AuthSchemeDto,
  DeletedIntegrationDto,
  IntegrationDto,
  IntegrationListDto,
  OperationDto,
  OperationListDto,
  OperationResultDto,
} from './dto/integration.dto.js';
import { ImportEvents, IntegrationsService } from './integrations.service.js';
import { type Integration, integrationView } from './integration.js';
import { DocumentFile, originOf } from './uploaded-document.js';
import { OperationsService } from './operations.service.js';

@ApiTags('integrations')
@ApiExtraModels(AuthSchemeDto, CreateIntegrationDto, CreateIntegrationForm)
@Access('viewer')
@Controller('integrations')
export class IntegrationsController {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly operations: OperationsService,
    private readonly events: ImportEvents,
    private readonly tools: ToolAttachment,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Imports an API from its OpenAPI 2.0, 3.0 or 3.1 document, Postman collection, GraphQL schema or AsyncAPI document. A document
   * that is not usable is refused with every fault. Otherwise the import goes on in the background: watch its status, or
   * `GET /integrations/{integration_id}/events`.
   */
  @Post()
  @HttpCode(202)
  @Access('developer')
  @Audited({ action: 'integration.created', made: 'integration_id', details: ['name'] })
  @TakesBody('api_document')
  @DocumentFile()
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiBody({
    schema: { anyOf: [{ $ref: getSchemaPath(CreateIntegrationDto) }, { $ref: getSchemaPath(CreateIntegrationForm) }] },
  })
  @ApiOperation({
    summary: 'Import an API',
    operationId: 'createIntegration',
    description:
      'Takes an OpenAPI, Postman, GraphQL or AsyncAPI document of at most 25 MB, as a URL, text or a file. The import runs in the background.',
  })
  @ApiData(IntegrationDto, {
    status: 202,
    description: 'The integration. Its status is `ready` when the import is done.',
  })
  @ApiErrors(400, 404, 413, 422)
  async create(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() { name, source, format = 'auto', base_url, credential_id }: CreateIntegrationDto,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IntegrationDto> {
    const wish = { org_id, user_id, name, origin: originOf(source, file), format, base_url, credential_id };
    return this.view(await this.integrations.create(wish, callerSignal(response)));
  }

  /** Newest first. */
  @Get()
  @ApiOperation({
    summary: 'List integrations',
    operationId: 'listIntegrations',
    description: 'Lists the imported APIs with their status and number of operations.',
  })
  @ApiData(IntegrationListDto, { description: 'One page of integrations, newest first.' })
  @ApiErrors(400)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() query: ListIntegrationsQuery,
  ): Promise<IntegrationListDto> {
    const { items, last_key } = await this.integrations.list(org_id, query);
    return { integrations: items.map((one) => this.view(one)), total: items.length, last_key };
  }

  @Get(':integration_id')
  @ApiOperation({
    summary: 'Get an integration',
    operationId: 'getIntegration',
    description:
      'Returns the integration with its format, version, number of operations, credential, mock and import state.',
  })
  @ApiData(IntegrationDto, { description: 'The integration.' })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
  ): Promise<IntegrationDto> {
    return this.view(await this.integrations.get(org_id, integration_id));
  }

  @Patch(':integration_id')
  @Access('developer')
  @Audited({ action: 'integration.changed', target: 'integration_id', details: ['name', 'base_url', 'credential_id'] })
  @ApiOperation({
    summary: 'Update an integration',
    operationId: 'changeIntegration',
    description: 'Changes the name, the base URL or the credential. Fields that you omit stay unchanged.',
  })
  @ApiData(IntegrationDto, { description: 'The integration after the change.' })
  @ApiErrors(400, 404)
  async change(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { name, base_url, credential_id }: ChangeIntegrationDto,
  ): Promise<IntegrationDto> {
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(base_url === undefined ? {} : { base_url: base_url === '' ? null : base_url }),
      ...(credential_id === undefined ? {} : { credential_id: credential_id === '' ? null : credential_id }),
    };
    return this.view(await this.integrations.change(org_id, integration_id, change));
  }

  /** Deletes the integration with its documents and versions. */
  @Delete(':integration_id')
  @Access('developer')
  @Audited({ action: 'integration.deleted', target: 'integration_id' })
  @ApiOperation({
    summary: 'Delete an integration',
    operationId: 'deleteIntegration',
    description:
      'Deletes the integration with its documents and versions. Agents and flows can no longer call its operations.',
  })
  @ApiData(DeletedIntegrationDto, { description: 'The deleted integration.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
  ): Promise<DeletedIntegrationDto> {
    await this.integrations.delete(org_id, integration_id);
    return { integration_id };
  }

  /** The present state first, then each change of it, until the import has ended. */
  @Get(':integration_id/events')
  @StreamsEvents('browsers', { resumable: false })
  @ApiProduces('text/event-stream')
  @ApiOperation({
    summary: 'Follow an import',
    operationId: 'followImport',
    description: 'Server-Sent Events: the current state, then each change until the import has ended.',
  })
  @ApiOkResponse({ description: 'The events.', schema: { type: 'string' } })
  @ApiErrors(404)
  async follow(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Res() response: Response,
  ): Promise<void> {
    await this.integrations.get(org_id, integration_id);
    await sendEventStream(response, this.events.follow(org_id, integration_id));
  }

  @Get(':integration_id/operations')
  @ApiOperation({
    summary: 'List the operations of an integration',
    operationId: 'listOperations',
    description: 'Lists operations. You can search by words in any language, and filter by risk and tag.',
  })
  @ApiData(OperationListDto, {
    description: 'One page of operations: best matches first, or in document order without a search.',
  })
  @ApiErrors(400, 404)
  async list_operations(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Query() { query, risk, tag, limit, last_key }: ListOperationsQuery,
  ): Promise<OperationListDto> {
    return this.integrations.operations(org_id, integration_id, { query, risk, tag, limit, last_key });
  }

  @Get(':integration_id/operations/:operation_id')
  @ApiOperation({
    summary: 'Get an operation',
    operationId: 'getOperation',
    description: 'Returns the operation with its input and output schemas, its risk, and how to call it.',
  })
  @ApiData(OperationDto, { description: 'The operation with its schemas.' })
  @ApiErrors(404)
  async get_operation(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Param('operation_id') operation_id: string,
  ): Promise<OperationDto> {
    return this.integrations.operation(org_id, integration_id, operation_id);
  }

  /**
   * Calls the API and answers what it answered, whatever its status. An answer that does not fit the document is reported in
   * `mismatches`.
   */
  @Post(':integration_id/operations/:operation_id/call')
  @HttpCode(200)
  @Access('developer')
  @ApiOperation({
    summary: 'Call an operation',
    operationId: 'callOperation',
    description:
      "Validates the input, then calls the API with the credential, or the mock. The response contains the API's status and body, and the `mismatches` with the document.",
  })
  @ApiData(OperationResultDto, { description: "The API's response." })
  @ApiErrors(400, 404, 502, 504)
  async call(
    @CurrentPrincipal() principal: Principal,
    @Param('integration_id') integration_id: string,
    @Param('operation_id') operation: string,
    @Body() { input, all_pages, credential_id }: CallOperationDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<OperationResultDto> {
    const { org_id } = principal;
    const fact = { org_id, actor: actorOf(principal), action: 'integration.operation_called', target: integration_id };
    const signal = callerSignal(response);
    try {
      const result = await this.operations.call({
        ...{ org_id, integration_id, operation, input, all_pages, credential_id },
        ...{ actor: actorOf(principal), signal },
      });
      const { operation_id, method, path, status, pages } = result;
      await this.audit.record({ ...fact, outcome: 'success', details: { operation_id, method, path, status, pages } });
      return result;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL_ERROR';
      this.audit.note({ ...fact, outcome: 'failed', details: { operation: operation.slice(0, 100), code } });
      throw error;
    }
  }

  /** Gives operations to the agents of a project, or to one agent. They have them with their next run, as `<name>_<operation>`. */
  @Post(':integration_id/tools')
  @Access('developer')
  @Audited({
    action: 'integration.attached',
    target: 'integration_id',
    details: ['name', 'project_id', 'agent_id', 'risk'],
  })
  @ApiOperation({
    summary: 'Attach operations as tools',
    operationId: 'attachOperations',
    description:
      'Attaches operations as tools to an agent, or to all agents of a project, from their next run on. Calls to destructive operations wait for approval.',
  })
  @ApiData(AttachedOperationsDto, { status: 201, description: 'The tool with its operations.' })
  @ApiErrors(400, 404, 409)
  async attach(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { name, description, operations, risk, project_id, agent_id, credential_id }: AttachOperationsDto,
  ): Promise<AttachedOperationsDto> {
    const tool = await this.tools.attach({
      ...{ org_id, user_id, kind: 'integration', name, credential_id },
      description: description ?? name,
      config: { integration_id, ...(operations ? { operations } : {}), ...(risk ? { risk } : {}) },
      owner: ownerOf({ project_id, agent_id }),
    });
    const attached = tool.operations.map((one) => ({ name: one.name, operation_id: one.operation, risk: one.risk }));
    const { tool_id, project_id: project, agent_id: agent } = tool;
    return { tool_id, integration_id, name, project_id: project, agent_id: agent, operations: attached };
  }

  private view(integration: Integration): IntegrationDto {
    return integrationView(integration, this.clock.now());
  }
}
