import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { ApiErrors } from '../../platform/http/api-docs.js';
import { Bare } from '../../platform/http/envelope.interceptor.js';
import { PageQuery } from '../../platform/http/page.dto.js';
import type { Decision } from './decision.js';
import { DecisionsService } from './decisions.service.js';
import { DecisionDto, DecisionListDto, CreateDecisionDto, RecordOutcomeDto } from './decision.dto.js';

@ApiTags('orchestration')
@Controller('orchestration/decisions')
@Access('orchestration_manager')
@Bare()
export class DecisionsController {
  constructor(private readonly decisions: DecisionsService) {}

  /**
   * The decision is DEFER_OR_REJECT unless both estimated_cost and expected_revenue are given. The response lists assumed and
   * missing inputs.
   */
  @Post()
  @ApiOperation({
    summary: 'Make a decision',
    operationId: 'createDecision',
    description:
      'Makes a decision by fixed rules, from the priority, return and risk of the context. The risk includes the health of the partners involved. Simulates cost, revenue and duration. The same context, `seed` and partner health give the same figures.',
  })
  @ApiCreatedResponse({ type: DecisionDto, description: 'The decision with its analysis.' })
  @ApiErrors(400, 403, 409, 413, 422)
  async create(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Body() { context, seed = 0 }: CreateDecisionDto,
  ): Promise<DecisionDto> {
    return decisionView(await this.decisions.decide({ org_id, user_id, context, seed }));
  }

  /** Newest first, with the calibration of all decisions: how well their predictions matched the outcomes. */
  @Get()
  @ApiOperation({
    summary: 'List decisions and their calibration',
    operationId: 'listDecisions',
    description: 'Lists decisions, newest first, with how well earlier predictions matched their outcomes.',
  })
  @ApiOkResponse({ type: DecisionListDto, description: 'One page of decisions, and the calibration of all of them.' })
  @ApiErrors(400, 403)
  async list(@CurrentPrincipal() { org_id }: Principal, @Query() query: PageQuery): Promise<DecisionListDto> {
    const [{ items, last_key }, calibration] = await Promise.all([
      this.decisions.list(org_id, query),
      this.decisions.calibration(org_id),
    ]);
    return { decisions: items, total: items.length, last_key, calibration };
  }

  /** The decision with its context, predictions and outcome. */
  @Get(':decision_id')
  @ApiOperation({
    summary: 'Get a decision',
    operationId: 'getDecision',
    description: 'Returns the decision with its plan, analysis, predictions and, once recorded, its outcome.',
  })
  @ApiOkResponse({ type: DecisionDto, description: 'The decision.' })
  @ApiErrors(403, 404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('decision_id') decision_id: string,
  ): Promise<DecisionDto> {
    return decisionView(await this.decisions.get(org_id, decision_id));
  }

  /** An outcome can be recorded once. It counts towards the calibration and the track record of later decisions. */
  @Post(':decision_id/outcome')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Record the outcome of a decision',
    operationId: 'recordDecisionOutcome',
    description:
      'Records what happened. An outcome can be recorded once. It counts towards the calibration, and towards the track record that later decisions report.',
  })
  @ApiOkResponse({ type: DecisionDto, description: 'The decision with its outcome.' })
  @ApiErrors(400, 403, 404, 409, 422)
  async recordOutcome(
    @CurrentPrincipal() { org_id, user_id }: Principal,
    @Param('decision_id') decision_id: string,
    @Body() { success, actual_cost, actual_revenue, actual_days }: RecordOutcomeDto,
  ): Promise<DecisionDto> {
    const report = {
      success,
      actual_cost: actual_cost ?? null,
      actual_revenue: actual_revenue ?? null,
      actual_days: actual_days ?? null,
    };
    return decisionView(await this.decisions.recordOutcome(org_id, user_id, decision_id, report));
  }
}

function decisionView({ org_id: _, ...decision }: Decision): DecisionDto {
  return decision;
}
