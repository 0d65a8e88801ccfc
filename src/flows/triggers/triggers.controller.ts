import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import { Audited } from '../../identity/audit/audit.interceptor.js';
import type { Principal } from '../../identity/principal.js';
import { ApiData, ApiErrors } from '../../platform/http/api-docs.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import { Public } from '../../platform/http/route.decorators.js';
import { CreateTriggerDto, DeletedTriggerDto, HookAnswerDto, TriggerDto, TriggerListDto } from './trigger.dto.js';
import type { FlowTrigger } from './trigger.js';
import { TriggersService } from './triggers.service.js';

@ApiTags('flows')
@Access('viewer')
@Controller()
export class TriggersController {
  constructor(private readonly triggers: TriggersService) {}

  /** A schedule, an inbound webhook, or an event of the platform that starts runs. */
  @Post('flows/:flow_id/triggers')
  @Access('developer')
  @Audited({ action: 'flow_trigger.created', made: 'trigger_id', details: ['kind'] })
  @ApiOperation({
    summary: 'Create a trigger',
    operationId: 'createFlowTrigger',
    description:
      "Creates a trigger that starts the flow on a schedule, a webhook or a platform event. A webhook's secret is shown once.",
  })
  @ApiData(TriggerDto, { status: 201, description: 'The trigger, with its secret if the platform generated one.' })
  @ApiErrors(400, 404, 409)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Param('flow_id') flow_id: string,
    @Body() { kind, config, enabled = true }: CreateTriggerDto,
  ): Promise<TriggerDto> {
    const { trigger, secret } = await this.triggers.create(principal, flow_id, { kind, config, enabled });
    return { ...this.viewOf(trigger), ...(secret === undefined ? {} : { secret }) };
  }

  /** Newest first. */
  @Get('flows/:flow_id/triggers')
  @ApiOperation({
    summary: "List a flow's triggers",
    operationId: 'listFlowTriggers',
    description: 'Lists triggers with their next run times and last run.',
  })
  @ApiData(TriggerListDto, { description: 'One page of triggers, newest first.' })
  @ApiErrors(400, 404)
  async list(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Query() query: PageQuery,
  ): Promise<TriggerListDto> {
    const { items, last_key } = await this.triggers.list(org_id, flow_id, query);
    return { triggers: items.map((trigger) => this.viewOf(trigger)), total: items.length, last_key };
  }

  @Get('flows/:flow_id/triggers/:trigger_id')
  @ApiOperation({
    summary: 'Get a trigger',
    operationId: 'getFlowTrigger',
    description: 'Returns the trigger with its next run times, last run and last error.',
  })
  @ApiData(TriggerDto, { description: 'The trigger.' })
  @ApiErrors(404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Param('trigger_id') trigger_id: string,
  ): Promise<TriggerDto> {
    return this.viewOf(await this.triggers.get(org_id, flow_id, trigger_id));
  }

  @Delete('flows/:flow_id/triggers/:trigger_id')
  @Access('developer')
  @Audited({ action: 'flow_trigger.deleted', target: 'trigger_id' })
  @ApiOperation({
    summary: 'Delete a trigger',
    operationId: 'deleteFlowTrigger',
    description: 'Deletes the trigger. Runs that it started continue.',
  })
  @ApiData(DeletedTriggerDto, { description: 'The deleted trigger.' })
  @ApiErrors(404)
  async delete(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('flow_id') flow_id: string,
    @Param('trigger_id') trigger_id: string,
  ): Promise<DeletedTriggerDto> {
    await this.triggers.delete(org_id, flow_id, trigger_id);
    return { trigger_id, deleted: true };
  }

  private viewOf(trigger: FlowTrigger): TriggerDto {
    const { trigger_id, flow_id, kind, enabled, hook_id, schedule, webhook, event } = trigger;
    const { last_run_id, last_fired_at, last_error, created_at } = trigger;
    return {
      ...{ trigger_id, flow_id, kind, enabled, config: { ...schedule, ...webhook, ...event } },
      ...(hook_id === undefined ? {} : { hook_path: `/api/v1/hooks/${hook_id}` }),
      ...{ next_times: this.triggers.nextTimes(trigger), last_run_id, last_fired_at, last_error, created_at },
    };
  }
}

@ApiTags('flows')
@Public()
@Controller('hooks')
export class HooksController {
  constructor(private readonly triggers: TriggersService) {}

  /**
   * An inbound webhook. It is verified as its trigger says before anything is stored. When Slack checks the address, the answer is
   * 200 with the challenge as plain text.
   */
  @Post(':hook_id')
  @TakesBody('webhook')
  @HttpCode(202)
  @ApiConsumes('application/json', 'text/plain', 'application/x-www-form-urlencoded')
  @ApiOperation({
    summary: 'Deliver a webhook to a flow',
    operationId: 'deliverWebhook',
    description:
      'Called by the sender of a webhook. The delivery is verified as configured in the trigger. A repeated delivery with the same delivery id returns 409.',
  })
  @ApiOkResponse({
    description: "The challenge, when Slack verifies the trigger's URL.",
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  @ApiData(HookAnswerDto, { status: 202, description: 'The runs that the delivery started.' })
  @ApiErrors(400, 404, 409, 413, 415)
  async receive(
    @Param('hook_id') hook_id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HookAnswerDto | undefined> {
    const body: unknown = request.body;
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
    const received = await this.triggers.receive(hook_id, {
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      headers: Object.fromEntries(headers),
      query: request.query,
    });
    if ('run' in received) return { run_ids: [received.run.run_id] };
    response.status(200).type('text/plain').send(received.challenge);
    return undefined;
  }
}
