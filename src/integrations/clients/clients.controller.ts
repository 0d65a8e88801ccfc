import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { callerSignal } from '../../platform/http/event-stream.js';
import { GenerateClientDto } from './client.dto.js';
import { ClientsService } from './clients.service.js';

@ApiTags('integrations')
@Access('developer')
@Controller('integrations/:integration_id/clients')
export class ClientsController {
  constructor(private readonly clients: ClientsService) {}

  /**
   * Generates a typed client of the current version: a ZIP archive with the code, a README, a test against a mock and a licence. The
   * same version gives the same bytes.
   */
  @Post()
  @HttpCode(200)
  @Audited({ action: 'integration.client_generated', target: 'integration_id', details: ['language', 'package_name'] })
  @ApiOperation({
    summary: 'Generate a client',
    operationId: 'generateClient',
    description:
      'Returns a typed client in TypeScript, Python or Go as a ZIP archive. Returns 422 `CLIENT_UNAVAILABLE` if the generator for the language is not installed.',
  })
  @ApiProduces('application/zip')
  @ApiOkResponse({
    description: 'The archive.',
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiErrors(400, 404, 422)
  async generate(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('integration_id') integration_id: string,
    @Body() { language, package_name }: GenerateClientDto,
    @Res() response: Response,
  ): Promise<void> {
    const wish = { org_id, integration_id, language, package_name };
    const { file_name, archive } = await this.clients.generate(wish, callerSignal(response));
    response.attachment(file_name).type('application/zip').send(archive);
  }
}
