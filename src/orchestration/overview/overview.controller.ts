import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Access } from '../../identity/access.decorator.js';
import { CurrentPrincipal } from '../../identity/principal.decorator.js';
import { actorOf, type Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { ConfigurationService } from './config/configuration.service.js';
import { ConfigurationDto } from './dto/config.dto.js';
import { EndpointDocsDto } from './dto/endpoint-docs.dto.js';
import { InfoDto } from './dto/info.dto.js';
import { ReadinessDto } from './dto/readiness.dto.js';
import { OrchestrationStatusDto } from './dto/status.dto.js';
import { EndpointDocsService } from './endpoint-docs/endpoint-docs.service.js';
import { InfoService } from './info/info.service.js';
import { ReadinessService } from './readiness/readiness.service.js';
import { StatusService } from './status/status.service.js';

@ApiTags('orchestration')
@Controller('orchestration')
@Access('orchestration_manager')
@Bare()
export class OverviewController {
  constructor(
    private readonly statuses: StatusService,
    private readonly configuration: ConfigurationService,
    private readonly readiness: ReadinessService,
    private readonly infos: InfoService,
    private readonly endpointDocs: EndpointDocsService,
  ) {}

  /** Every component is really looked at; answers are at most four seconds old, so that many who ask cost one look. */
  @Get('status')
  @ApiOperation({ summary: 'Get the status of the components', operationId: 'getOrchestrationStatus' })
  @ApiOkResponse({ type: OrchestrationStatusDto, description: 'Components, resources and what was done last.' })
  @ApiErrors(403)
  status(@CurrentPrincipal() { org_id }: Principal): Promise<OrchestrationStatusDto> {
    return this.statuses.read(org_id);
  }

  /** For administrators. Secrets are named, never shown; every reading is audited. */
  @Get('config')
  @Access('admin')
  @ApiOperation({ summary: 'Get the effective settings', operationId: 'getOrchestrationConfig' })
  @ApiOkResponse({ type: ConfigurationDto, description: 'The settings that the running process goes by.' })
  @ApiErrors(403)
  config(@CurrentPrincipal() principal: Principal): Promise<ConfigurationDto> {
    return this.configuration.read(principal.org_id, actorOf(principal));
  }

  /** Checks that act on the live process: each says what it found, and how to mend it. docs/readiness.md lists them. */
  @Get('deployment/readiness')
  @ApiOperation({
    summary: 'Check whether this deployment is ready for production',
    operationId: 'getDeploymentReadiness',
  })
  @ApiOkResponse({
    type: ReadinessDto,
    description: 'What was found, at most five seconds ago; of the tables fifteen.',
  })
  @ApiErrors(403)
  deploymentReadiness(@CurrentPrincipal() { org_id }: Principal, @Req() { secure }: Request): Promise<ReadinessDto> {
    return this.readiness.read({ org_id, secure });
  }

  /** What the platform is, what it can do as it is set up, and how it has done since it started. */
  @Get('info')
  @ApiOperation({ summary: 'Get what this platform is', operationId: 'getOrchestrationInfo' })
  @ApiOkResponse({ type: InfoDto, description: 'All computed; the statistics are of this process.' })
  @ApiErrors(403)
  info(@CurrentPrincipal() principal: Principal): Promise<InfoDto> {
    return this.infos.read(principal);
  }

  /** Derived from the OpenAPI document of the running process. */
  @Get('docs/endpoints')
  @ApiOperation({ summary: 'List the orchestration routes', operationId: 'listOrchestrationEndpoints' })
  @ApiOkResponse({ type: EndpointDocsDto, description: 'Every route of the group, with examples.' })
  @ApiErrors(403)
  endpoints(): Promise<EndpointDocsDto> {
    return this.endpointDocs.read();
  }
}
