import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { ConfigurationService } from './configuration.service.js';
import {
  EndpointDocsDto,
  InfoDto,
  ConfigurationDto,
  OrchestrationStatusDto,
  ReadinessDto,
} from './dto/overview.dto.js';
import { EndpointDocsService } from './endpoint-docs.service.js';
import { InfoService } from './info.service.js';
import { ReadinessService, StatusService } from './status.service.js';

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

  /** Runs a check against every component. Results are cached for four seconds. */
  @Get('status')
  @ApiOperation({
    summary: 'Get the status of the components',
    operationId: 'getOrchestrationStatus',
    description: "Returns each component's state with a message, resource usage and recent activity.",
  })
  @ApiOkResponse({ type: OrchestrationStatusDto, description: 'Components, resource usage and recent activity.' })
  @ApiErrors(403)
  status(@CurrentPrincipal() { org_id }: Principal): Promise<OrchestrationStatusDto> {
    return this.statuses.read(org_id);
  }

  /**
   * The settings of the whole platform, for its operators: those with the role `system_admin`, and the owner of the organization `default`,
   * which is the account of the first start. Secret settings are shown as set or not set, never by value. Each read is audited.
   */
  @Get('config')
  @Access('admin')
  @ApiOperation({
    summary: 'Get the effective settings',
    operationId: 'getOrchestrationConfig',
    description:
      'For platform operators. Lists settings with their values; for secrets, only whether they are set. Each read is audited.',
  })
  @ApiOkResponse({ type: ConfigurationDto, description: 'The effective settings of the running process.' })
  @ApiErrors(403)
  config(@CurrentPrincipal() principal: Principal): Promise<ConfigurationDto> {
    return this.configuration.read(principal);
  }

  /** Runs checks against the live process. Each reports its evidence and, unless it passes, a fix. docs/readiness.md lists them. */
  @Get('deployment/readiness')
  @ApiOperation({
    summary: 'Check whether the deployment is ready for production',
    operationId: 'getDeploymentReadiness',
    description:
      'Lists what is ready and what is not. Each finding gives its evidence and, unless the check passes, a fix.',
  })
  @ApiOkResponse({
    type: ReadinessDto,
    description: 'Findings are at most 5 seconds old; those about tables, at most 15.',
  })
  @ApiErrors(403)
  deploymentReadiness(@CurrentPrincipal() { org_id }: Principal, @Req() { secure }: Request): Promise<ReadinessDto> {
    return this.readiness.read({ org_id, secure });
  }

  /** Version, features and statistics of the platform, and the roles of the caller. */
  @Get('info')
  @ApiOperation({
    summary: 'Get platform information',
    operationId: 'getOrchestrationInfo',
    description: 'Returns the version, status, features and statistics of the platform, and the roles of the caller.',
  })
  @ApiOkResponse({
    type: InfoDto,
    description: 'Statistics cover this process since it started, unless stated otherwise.',
  })
  @ApiErrors(403)
  info(@CurrentPrincipal() principal: Principal): Promise<InfoDto> {
    return this.infos.read(principal);
  }

  /** Derived from the OpenAPI document of the running process. */
  @Get('docs/endpoints')
  @ApiOperation({
    summary: 'List the orchestration routes',
    operationId: 'listOrchestrationEndpoints',
    description: 'Lists the orchestration routes with their paths, methods and examples.',
  })
  @ApiOkResponse({ type: EndpointDocsDto, description: 'Every orchestration route, with examples.' })
  @ApiErrors(403)
  endpoints(): Promise<EndpointDocsDto> {
    return this.endpointDocs.read();
  }
}
