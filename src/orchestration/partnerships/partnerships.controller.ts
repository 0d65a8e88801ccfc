import { Body, Controller, Delete, Get, Param, Post, Put } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../identity/access.decorator.js';
import { CurrentPrincipal } from '../../identity/principal.decorator.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { ChangePartnershipDto, DeliverableStateDto, MeasurementDto } from './dto/change-partnership.dto.js';
import {
  DeletedPartnershipDto,
  PartnershipDto,
  PartnershipStatusDto,
  StoredMeasurementDto,
} from './dto/partnership.dto.js';
import { CreatePartnershipDto } from './dto/partnership-input.dto.js';
import { newPartnership, partnershipChanges } from './partnership-input.js';
import { PartnershipManagement } from './partnership-management.service.js';
import { lastProbe, partnershipView, statusView, statusViews } from './partnership-view.js';
import { PartnershipsService } from './partnerships.service.js';

@ApiTags('orchestration')
@Controller('orchestration/partnerships')
@Access('orchestration_manager')
@Bare()
export class PartnershipsController {
  constructor(
    private readonly partnerships: PartnershipsService,
    private readonly management: PartnershipManagement,
  ) {}

  /** An organisation begins with four, which are not linked to anything yet. */
  @Get()
  @ApiOperation({ summary: 'List the partnerships with their progress', operationId: 'listPartnerships' })
  @ApiOkResponse({ type: [PartnershipStatusDto], description: 'All of them, ordered by id.' })
  @ApiErrors(403)
  async list(@CurrentPrincipal() { org_id }: Principal): Promise<PartnershipStatusDto[]> {
    return statusViews(await this.partnerships.snapshot(org_id));
  }

  /** How far one partnership is with its deliverables. */
  @Get(':id/status')
  @ApiOperation({ summary: 'Get the progress of a partnership', operationId: 'getPartnershipStatus' })
  @ApiOkResponse({ type: PartnershipStatusDto, description: 'The partnership.' })
  @ApiErrors(403, 404)
  async status(@CurrentPrincipal() { org_id }: Principal, @Param('id') id: string): Promise<PartnershipStatusDto> {
    return statusView((await this.partnerships.get(org_id, id)).partnership);
  }

  /** The whole record, with its probe and the revision that a change can name. */
  @Get(':id')
  @ApiOperation({ summary: 'Get a partnership', operationId: 'getPartnership' })
  @ApiOkResponse({ type: PartnershipDto, description: 'The record.' })
  @ApiErrors(403, 404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('id') id: string): Promise<PartnershipDto> {
    const { partnership, watch } = await this.partnerships.get(org_id, id);
    return { ...partnershipView(partnership), last_probe: lastProbe(watch) };
  }

  /** Agents must be of your organisation; a health_url on a private address is refused. */
  @Post()
  @ApiOperation({ summary: 'Create a partnership', operationId: 'createPartnership' })
  @ApiCreatedResponse({ type: PartnershipDto, description: 'The record.' })
  @ApiErrors(400, 403, 409)
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreatePartnershipDto): Promise<PartnershipDto> {
    return partnershipView(await this.management.create(principal, newPartnership(body)));
  }

  /** What is given is set, the rest stays. */
  @Put(':id')
  @ApiOperation({ summary: 'Change a partnership', operationId: 'updatePartnership' })
  @ApiOkResponse({ type: PartnershipDto, description: 'The record after the change.' })
  @ApiErrors(400, 403, 404, 409)
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() { revision, ...changes }: ChangePartnershipDto,
  ): Promise<PartnershipDto> {
    return partnershipView(await this.management.update(principal, id, partnershipChanges(changes), revision));
  }

  /** Its probes stop. One of the first four does not come back. */
  @Delete(':id')
  @ApiOperation({ summary: 'Delete a partnership', operationId: 'deletePartnership' })
  @ApiOkResponse({ type: DeletedPartnershipDto, description: 'That it is gone.' })
  @ApiErrors(403, 404)
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<DeletedPartnershipDto> {
    await this.management.delete(principal, id);
    return { id, deleted: true };
  }

  /** Sets how far a deliverable is. */
  @Put(':id/deliverables/:name')
  @ApiOperation({ summary: 'Report the progress of a deliverable', operationId: 'updateDeliverable' })
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

  /** Stores a value of a metric that no probe can see. The latest one by its time counts. */
  @Post(':id/measurements')
  @ApiOperation({ summary: 'Push a business metric', operationId: 'pushMeasurement' })
  @ApiCreatedResponse({ type: StoredMeasurementDto, description: 'What was stored.' })
  @ApiErrors(400, 403, 404, 409)
  async push(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('id') id: string,
    @Body() { metric, value, measured_at }: MeasurementDto,
  ): Promise<StoredMeasurementDto> {
    return { metric, ...(await this.management.push(org_id, id, metric, value, measured_at)) };
  }
}
