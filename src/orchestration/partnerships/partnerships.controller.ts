import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import {
  DeletedPartnershipDto,
  OrchestrationHealthDto,
  PartnershipDto,
  PartnershipHistoryDto,
  PartnershipMetricsDto,
  PartnershipStatusDto,
  StoredMeasurementDto,
  WindowQuery,
} from './dto/partnership.dto.js';
import {
  ChangePartnershipDto,
  CreatePartnershipDto,
  DeliverableStateDto,
  MeasurementDto,
} from './dto/partnership-input.dto.js';
import { PartnershipManagement } from './partnership-management.service.js';
import {
  healthView,
  lastProbe,
  metricsView,
  metricsViews,
  newPartnership,
  partnershipChanges,
  partnershipView,
  statusView,
  statusViews,
} from './partnership-view.js';
import { DEFAULT_WINDOW, PartnershipsService } from './partnerships.service.js';

@ApiTags('orchestration')
@Controller('orchestration')
@Access('orchestration_manager')
@Bare()
export class PartnershipsController {
  constructor(
    private readonly partnerships: PartnershipsService,
    private readonly management: PartnershipManagement,
  ) {}

  /** The measured score and health of each partnership and of the system. */
  @Get('health')
  @ApiOperation({
    summary: 'Get the health of all partnerships',
    operationId: 'getOrchestrationHealth',
    description:
      "Returns each partnership's health, score and metrics in the window. They come from polling its URL and from the runs of its agents.",
  })
  @ApiOkResponse({
    type: OrchestrationHealthDto,
    description: 'The health of all partnerships, at most one second old.',
  })
  @ApiErrors(400, 403)
  async health(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { window }: WindowQuery,
  ): Promise<OrchestrationHealthDto> {
    return healthView(await this.partnerships.snapshot(org_id, window));
  }

  /** One entry for each type of partnership. */
  @Get('metrics')
  @ApiOperation({
    summary: 'Get the metrics of all partnerships',
    operationId: 'listOrchestrationMetrics',
    description: 'Returns, for each partnership type, the measured and pushed metrics with their trends.',
  })
  @ApiOkResponse({ type: [PartnershipMetricsDto], description: 'The metrics of each type, at most one second old.' })
  @ApiErrors(400, 403)
  async metrics(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() { window }: WindowQuery,
  ): Promise<PartnershipMetricsDto[]> {
    return metricsViews(await this.partnerships.snapshot(org_id, window));
  }

  /** An unknown type is a 400 whose details list the valid types. */
  @Get('metrics/:type')
  @ApiOperation({
    summary: 'Get the metrics of a partnership type',
    operationId: 'getOrchestrationMetrics',
    description: 'Returns the measured and pushed metrics of the partnerships of one type with their trends.',
  })
  @ApiOkResponse({ type: PartnershipMetricsDto, description: 'The metrics, at most one second old.' })
  @ApiErrors(400, 403)
  async metricsOfType(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('type') type: string,
    @Query() { window = DEFAULT_WINDOW }: WindowQuery,
  ): Promise<PartnershipMetricsDto> {
    const found = await this.partnerships.type(org_id, type, window);
    return metricsView(found, { window, taken_at: found.taken_at });
  }

  /** A new organization has four partnerships, which are not linked to anything yet. */
  @Get('partnerships')
  @ApiOperation({
    summary: 'List partnerships with their progress',
    operationId: 'listPartnerships',
    description: 'Lists all partnerships, ordered by id. Progress is computed from the deliverables.',
  })
  @ApiOkResponse({ type: [PartnershipStatusDto], description: 'All partnerships, ordered by id.' })
  @ApiErrors(403)
  async list(@CurrentPrincipal() { org_id }: Principal): Promise<PartnershipStatusDto[]> {
    return statusViews(await this.partnerships.snapshot(org_id));
  }

  /** Kept for eight days; those of 1h for three hours. */
  @Get('partnerships/:id/history')
  @ApiOperation({
    summary: "Get a partnership's health history",
    operationId: 'getPartnershipHistory',
    description:
      'Returns the measurements of each hour in the window, oldest first; with `window=1h`, of each five minutes. Periods without calls are omitted.',
  })
  @ApiOkResponse({ type: PartnershipHistoryDto, description: 'The measured periods.' })
  @ApiErrors(400, 403, 404)
  async history(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('id') id: string,
    @Query() { window = DEFAULT_WINDOW }: WindowQuery,
  ): Promise<PartnershipHistoryDto> {
    const points = (await this.partnerships.history(org_id, id, window)).map(({ at, score, values }) => ({
      ...{ at, score, uptime: values['uptime'] ?? null, success_rate: values['success_rate'] ?? null },
      ...{ response_time_p95: values['response_time_p95'] ?? null, requests: values['requests'] ?? 0 },
    }));
    return { id, window, points };
  }

  /** The progress of one partnership's deliverables. */
  @Get('partnerships/:id/status')
  @ApiOperation({
    summary: 'Get the progress of a partnership',
    operationId: 'getPartnershipStatus',
    description: "Returns the partnership's progress, health, and deliverables with their due dates.",
  })
  @ApiOkResponse({ type: PartnershipStatusDto, description: 'The partnership.' })
  @ApiErrors(403, 404)
  async status(@CurrentPrincipal() { org_id }: Principal, @Param('id') id: string): Promise<PartnershipStatusDto> {
    return statusView((await this.partnerships.get(org_id, id)).partnership);
  }

  /** The full record with its last probe and its revision, which a change can require. */
  @Get('partnerships/:id')
  @ApiOperation({
    summary: 'Get a partnership',
    operationId: 'getPartnership',
    description: 'Returns the full record of the partnership.',
  })
  @ApiOkResponse({ type: PartnershipDto, description: 'The partnership.' })
  @ApiErrors(403, 404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('id') id: string): Promise<PartnershipDto> {
    const { partnership, watch } = await this.partnerships.get(org_id, id);
    return { ...partnershipView(partnership), last_probe: lastProbe(watch) };
  }

  /** Agents must belong to your organization. A health_url on a private address is refused. */
  @Post('partnerships')
  @ApiOperation({
    summary: 'Create a partnership',
    operationId: 'createPartnership',
    description:
      'Registers a partner with its metrics, deliverables and the URL to poll. At most 100 partnerships per organization.',
  })
  @ApiCreatedResponse({ type: PartnershipDto, description: 'The partnership.' })
  @ApiErrors(400, 403, 409)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreatePartnershipDto): Promise<PartnershipDto> {
    return partnershipView(await this.management.create(principal, newPartnership(body)));
  }

  /** Sets the given fields and keeps the others. */
  @Put('partnerships/:id')
  @ApiOperation({
    summary: 'Update a partnership',
    operationId: 'updatePartnership',
    description: 'Replaces the fields that you send. Fields that you omit stay unchanged.',
  })
  @ApiOkResponse({ type: PartnershipDto, description: 'The partnership after the change.' })
  @ApiErrors(400, 403, 404, 409)
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() { revision, ...changes }: ChangePartnershipDto,
  ): Promise<PartnershipDto> {
    return partnershipView(await this.management.update(principal, id, partnershipChanges(changes), revision));
  }

  /** Stops its probes. A deleted default partnership is not created again. */
  @Delete('partnerships/:id')
  @ApiOperation({
    summary: 'Delete a partnership',
    operationId: 'deletePartnership',
    description: 'Deletes the partnership and stops its probes. Decisions that refer to it are kept.',
  })
  @ApiOkResponse({ type: DeletedPartnershipDto, description: 'The id of the deleted partnership.' })
  @ApiErrors(403, 404)
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<DeletedPartnershipDto> {
    await this.management.delete(principal, id);
    return { id, deleted: true };
  }

  /** Sets the progress and status of a deliverable. */
  @Put('partnerships/:id/deliverables/:name')
  @ApiOperation({
    summary: 'Report the progress of a deliverable',
    operationId: 'updateDeliverable',
    description: 'Sets the completion percentage and the status of one deliverable.',
  })
  @ApiOkResponse({ type: PartnershipStatusDto, description: 'The partnership with its new progress.' })
  @ApiErrors(400, 403, 404, 409)
  async deliverable(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Param('name') name: string,
    @Body() { completion_percentage, status }: DeliverableStateDto,
  ): Promise<PartnershipStatusDto> {
    return statusView(
      await this.management.setDeliverable(principal, id, name, { progress: completion_percentage, status }),
    );
  }

  /** Stores a value of a metric that probes cannot measure. The value with the latest time counts. */
  @Post('partnerships/:id/measurements')
  @ApiOperation({
    summary: 'Push a business metric',
    operationId: 'pushMeasurement',
    description: 'Records a business metric that probes cannot measure, such as revenue.',
  })
  @ApiCreatedResponse({ type: StoredMeasurementDto, description: 'The stored value.' })
  @ApiErrors(400, 403, 404, 409)
  async push(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('id') id: string,
    @Body() { metric, value, measured_at }: MeasurementDto,
  ): Promise<StoredMeasurementDto> {
    return { metric, ...(await this.management.push(org_id, id, metric, value, measured_at)) };
  }
}
