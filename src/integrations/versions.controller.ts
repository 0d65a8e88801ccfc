import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  ParseIntPipe,
  Post,
  Put,
  Query,
  Res,
  UploadedFile,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { callerSignal } from '../platform/http/event-stream.js';
import { Clock } from '../shared/clock.js';
import { ImportDocumentDto, ImportDocumentForm } from './dto/integration-requests.dto.js';
import { IntegrationDto } from './dto/integration.dto.js';
import {
  FindingListDto,
  IntegrationVersionDto,
  ListFindingsQuery,
  ReplacedDocumentDto,
  VersionDto,
  VersionListDto,
} from './dto/review.dto.js';
import { integrationView, type IntegrationVersion } from './integration.js';
import { IntegrationsService } from './integrations.service.js';
import { DocumentFile, originOf } from './uploaded-document.js';
import { VersionsService } from './versions.service.js';

/** How good a document is, and how it changes. */
@ApiTags('integrations')
@ApiExtraModels(ImportDocumentDto, ImportDocumentForm)
@Access('viewer')
@Controller('integrations/:integration_id')
export class VersionsController {
  constructor(
    private readonly integrations: IntegrationsService,
    private readonly versions: VersionsService,
    private readonly clock: Clock,
  ) {}

  @Get('findings')
  @ApiOperation({
    summary: "List an integration's findings",
    operationId: 'listFindings',
    description:
      'Lists weaknesses in the document, such as missing authentication or error responses, with a score from 0 to 100.',
  })
  @ApiData(FindingListDto, { description: 'The score and one page of findings.' })
  @ApiErrors(400, 404)
  async findings(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Query() query: ListFindingsQuery,
  ): Promise<FindingListDto> {
    return this.integrations.findings(org_id, integration_id, query);
  }

  /** The next version. The answer says at once what it changes and what uses the operations that it breaks. */
  @Put('document')
  @HttpCode(202)
  @Access('developer')
  @Audited({ action: 'integration.document_replaced', target: 'integration_id' })
  @TakesBody('api_document')
  @DocumentFile()
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiBody({
    schema: { anyOf: [{ $ref: getSchemaPath(ImportDocumentDto) }, { $ref: getSchemaPath(ImportDocumentForm) }] },
  })
  @ApiOperation({
    summary: "Replace an integration's document",
    operationId: 'replaceDocument',
    description:
      'Imports a document as the next version. To refresh a document from its URL, send the URL again. The response lists the changes and what they break.',
  })
  @ApiData(ReplacedDocumentDto, {
    status: 202,
    description: 'The integration, whose import is running, and the changes.',
  })
  @ApiErrors(400, 404, 409, 413, 422)
  async replace(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { source, format = 'auto' }: ImportDocumentDto,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ReplacedDocumentDto> {
    const given = { org_id, user_id, integration_id, origin: originOf(source, file), format };
    const { integration, diff } = await this.versions.replace(given, callerSignal(response));
    return { integration: integrationView(integration, this.clock.now()), diff };
  }

  @Get('versions')
  @ApiOperation({
    summary: "List an integration's versions",
    operationId: 'listIntegrationVersions',
    description:
      'Lists versions, newest first, at most 100. `GET /integrations/{integration_id}/versions/{version}` returns the changes of one.',
  })
  @ApiData(VersionListDto, { description: 'The versions, newest first, at most 100.' })
  @ApiErrors(404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
  ): Promise<VersionListDto> {
    return { versions: (await this.versions.list(org_id, integration_id)).map(versionView) };
  }

  @Get('versions/:version')
  @ApiOperation({
    summary: 'Get a version of an integration',
    operationId: 'getIntegrationVersion',
    description: 'Returns the changes of one version, and the tools and flows that they break.',
  })
  @ApiData(VersionDto, { description: 'The version with its changes.' })
  @ApiErrors(400, 404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Param('version', ParseIntPipe) version: number,
  ): Promise<VersionDto> {
    const [found, diff] = await Promise.all([
      this.versions.get(org_id, integration_id, version),
      this.versions.diff(org_id, integration_id, version),
    ]);
    return { ...versionView(found), diff: diff ?? null };
  }

  /** The document as it arrived. */
  @Get('versions/:version/document')
  @ApiOperation({
    summary: "Get a version's document",
    operationId: 'getVersionDocument',
    description: 'Returns the document as it was imported.',
  })
  @ApiOkResponse({ description: 'The document.', content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiErrors(400, 404)
  async document(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Param('version', ParseIntPipe) version: number,
    @Res() response: Response,
  ): Promise<void> {
    const bytes = await this.versions.document(org_id, integration_id, version);
    response.type('text/plain; charset=utf-8').send(bytes);
  }

  /** Makes an older version the current one, as a new version. */
  @Post('versions/:version/restore')
  @HttpCode(200)
  @Access('developer')
  @Audited({ action: 'integration.version_restored', target: 'integration_id' })
  @ApiOperation({
    summary: 'Restore a version',
    operationId: 'restoreIntegrationVersion',
    description: 'Restores an older version as a new version, which becomes current.',
  })
  @ApiData(IntegrationDto, { description: 'The integration after the restore.' })
  @ApiErrors(400, 404, 409)
  async restore(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Param('version', ParseIntPipe) version: number,
  ): Promise<IntegrationDto> {
    return integrationView(await this.versions.restore(org_id, user_id, integration_id, version), this.clock.now());
  }
}

function versionView(version: IntegrationVersion): IntegrationVersionDto {
  const { integration_id, version: number, restored_from, format_version, api_version, source_url } = version;
  const { document_hash, document_bytes, operation_count, created_by, created_at } = version;
  return {
    ...{ integration_id, version: number, restored_from, format_version, api_version, source_url },
    ...{ document_hash, document_bytes, operation_count, created_by, created_at },
  };
}
