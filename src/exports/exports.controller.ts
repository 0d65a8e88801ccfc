import { Body, Controller, HttpCode, Post, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import { Audited } from '../identity/audit/audit.interceptor.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { TakesBody } from '../platform/http/envelope.interceptor.js';
import { callerSignal } from '../platform/http/event-stream.js';
import { ValidationError } from '../shared/domain-error.js';
import { CreateExportDto, ImportPackageForm, ImportReportDto } from './exports.dto.js';
import { ExportsService } from './exports.service.js';
import { ImportsService } from './imports.service.js';
import { PACKAGE_MAX_BYTES } from './package.js';

@ApiTags('exports')
@Access('developer')
@Controller()
export class ExportsController {
  constructor(
    private readonly exports: ExportsService,
    private readonly imports: ImportsService,
  ) {}

  /**
   * Packs agents with their tools, published flows and integrations into a ZIP archive: definitions, flows as YAML, API documents,
   * generated clients, a Dockerfile, a README and a CycloneDX bill of materials. Credentials never leave. Refused with every
   * reason while a check is critical. The same state gives the same bytes.
   */
  @Post('exports')
  @HttpCode(200)
  @Audited({ action: 'package.exported', details: ['name', 'agent_ids', 'flow_ids', 'integration_ids'] })
  @ApiOperation({
    summary: 'Export agents, flows and integrations',
    operationId: 'createExport',
    description:
      'Packs agents with their attached tools, published flows and integrations into a package for `POST /imports`: a ZIP archive of at most 25 MB, without credentials. Name at least one agent, flow or integration, and every agent, flow and integration that these use. Attached tools are included automatically. If the export is refused, returns 422 with every reason, such as a missing reference or a failing contract test.',
  })
  @ApiProduces('application/zip')
  @ApiOkResponse({
    description: 'The package, as a ZIP archive.',
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiErrors(400, 404, 422)
  async export(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() { name = 'nexus-package', agent_ids = [], flow_ids = [], integration_ids = [], ...rest }: CreateExportDto,
    @Res() response: Response,
  ): Promise<void> {
    const { client_languages } = rest;
    const wish = { org_id, user_id, name, agent_ids, flow_ids, integration_ids, client_languages };
    const archive = await this.exports.export(wish, callerSignal(response));
    response.attachment(`${name}.zip`).type('application/zip').send(archive);
  }

  /**
   * Takes an exported package over, also from another organization or deployment. Every item gets a new id. What cannot be made
   * undoes the whole import.
   */
  @Post('imports')
  @Audited({ action: 'package.imported' })
  @TakesBody('api_document')
  @UseInterceptors(FileInterceptor('file', { limits: { fileSize: PACKAGE_MAX_BYTES, files: 1, fields: 0, parts: 1 } }))
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: ImportPackageForm })
  @ApiOperation({
    summary: 'Import a package',
    operationId: 'importPackage',
    description:
      'Creates everything in an exported package of at most 25 MB, with new ids. If an item fails, the items already created are deleted (flows are archived). A tool that cannot be attached is only reported. The report lists each item and what remains to be set up.',
  })
  @ApiData(ImportReportDto, { status: 201, description: 'The imported items and what remains to be set up.' })
  @ApiErrors(400, 413, 422)
  async import(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @UploadedFile() file: Express.Multer.File | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ImportReportDto> {
    if (!file) throw ValidationError.field('file', 'is required: send the package as multipart/form-data');
    return this.imports.import({ org_id, user_id }, file.buffer, callerSignal(response));
  }
}
