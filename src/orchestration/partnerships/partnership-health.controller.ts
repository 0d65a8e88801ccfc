import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../identity/access.decorator.js';
import { CurrentPrincipal } from '../../identity/principal.decorator.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { OrchestrationHealthDto, PartnershipMetricsDto } from './dto/metrics.dto.js';
import { WindowQuery } from './dto/window.query.js';
import { healthView, metricsView, metricsViews } from './partnership-view.js';
import { DEFAULT_WINDOW, PartnershipsService } from './partnerships.service.js';

@ApiTags('orchestration')
@Controller('orchestration')
@Access('orchestration_manager')
@Bare()
export class PartnershipHealthController {
  constructor(private readonly partnerships: PartnershipsService) {}

  /** Score and health of each partnership as they were measured, and what they make of the system. */
  @Get('health')
  @ApiOperation({ summary: 'Get the health of the partnerships', operationId: 'getOrchestrationHealth' })
  @ApiOkResponse({ type: OrchestrationHealthDto, description: 'At most a second old.' })
  @ApiErrors(400, 403)
  async health(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { window }: WindowQuery,
  ): Promise<OrchestrationHealthDto> {
    return healthView(await this.partnerships.snapshot(org_id, window));
  }

  /** One entry for each type of partnership. */
  @Get('metrics')
  @ApiOperation({ summary: 'Get the metrics of the partnerships', operationId: 'listOrchestrationMetrics' })
  @ApiOkResponse({ type: [PartnershipMetricsDto], description: 'At most a second old.' })
  @ApiErrors(400, 403)
  async metrics(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { window }: WindowQuery,
  ): Promise<PartnershipMetricsDto[]> {
    return metricsViews(await this.partnerships.snapshot(org_id, window));
  }

  /** An unknown type answers 400 and names the valid ones. */
  @Get('metrics/:type')
  @ApiOperation({ summary: 'Get the metrics of one type of partnership', operationId: 'getOrchestrationMetrics' })
  @ApiOkResponse({ type: PartnershipMetricsDto, description: 'At most a second old.' })
  @ApiErrors(400, 403, 404)
  async metricsOfType(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('type') type: string,
    @Query() { window = DEFAULT_WINDOW }: WindowQuery,
  ): Promise<PartnershipMetricsDto> {
    const found = await this.partnerships.type(org_id, type, window);
    return metricsView(found, { window, taken_at: found.taken_at });
  }
}
