import { Body, Controller, Delete, Get, Param, ParseEnumPipe, Put } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import { ValidationError } from '../shared/domain-error.js';
import { BUDGET_SCOPES, type BudgetScope } from './budget.js';
import { type BudgetState, BudgetsService } from './budgets.service.js';
import { BudgetDto, BudgetListDto, DeletedBudgetDto, SetBudgetDto } from './dto/budget.dto.js';

const SCOPES = Object.fromEntries(BUDGET_SCOPES.map((scope) => [scope, scope])) as Record<BudgetScope, BudgetScope>;
const scopePipe = new ParseEnumPipe(SCOPES, {
  exceptionFactory: () => ValidationError.field('scope', `must be one of ${BUDGET_SCOPES.join(', ')}`),
});
const ApiScope = () => ApiParam({ name: 'scope', enum: BUDGET_SCOPES, example: 'agent' });

@ApiTags('budgets')
@Access('viewer')
@Controller('budgets')
export class BudgetsController {
  constructor(private readonly budgets: BudgetsService) {}

  /** All budgets of the organization, with what was spent in the current windows. */
  @Get()
  @ApiOperation({
    summary: 'List budgets',
    operationId: 'listBudgets',
    description: 'Lists the budgets of the organization and its projects, agents and API keys, with the amounts spent.',
  })
  @ApiData(BudgetListDto, { description: 'The budgets of your organization.' })
  @ApiErrors()
  async list(@CurrentPrincipal() { org_id }: Principal): Promise<BudgetListDto> {
    const budgets = (await this.budgets.list(org_id)).map(view);
    return { budgets, total: budgets.length };
  }

  @Get(':scope/:scope_id')
  @ApiScope()
  @ApiOperation({
    summary: 'Get a budget',
    operationId: 'getBudget',
    description:
      'Returns the limits, the amounts spent in the current day and month, and when each window ends, in UTC.',
  })
  @ApiData(BudgetDto, { description: 'The budget.' })
  @ApiErrors(400, 404)
  async get(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('scope', scopePipe) scope: BudgetScope,
    @Param('scope_id') scope_id: string,
  ): Promise<BudgetDto> {
    return view(await this.budgets.get(org_id, scope, scope_id));
  }

  /**
   * Sets the budget of the organization, a project, an agent or an API key. With `hard`, the cost of each model call is held
   * before the call; a call that could exceed a limit is refused with 402 BUDGET_EXCEEDED and the model is not called. Other processes
   * follow within 10 seconds.
   */
  @Put(':scope/:scope_id')
  @Access('admin')
  @ApiScope()
  @ApiOperation({
    summary: 'Set a budget',
    operationId: 'setBudget',
    description:
      'Replaces the limits of an organization, project, agent or API key. At least one limit is required; limits that you omit are removed. With a `hard` budget, a model call that could exceed a limit is refused (402 for an invocation); a `soft` budget only notifies. Other processes apply the change within 10 seconds.',
  })
  @ApiData(BudgetDto, { description: 'The budget.' })
  @ApiErrors(400, 404, 409)
  async set(
    @CurrentPrincipal() principal: Principal,
    @Param('scope', scopePipe) scope: BudgetScope,
    @Param('scope_id') scope_id: string,
    @Body() body: SetBudgetDto,
  ): Promise<BudgetDto> {
    const state = await this.budgets.set(principal, scope, scope_id, {
      usd_per_day: body.usd_per_day ?? null,
      usd_per_month: body.usd_per_month ?? null,
      tokens_per_day: body.tokens_per_day ?? null,
      tokens_per_month: body.tokens_per_month ?? null,
      enforcement: body.enforcement ?? 'hard',
      webhook_url: body.webhook_url ?? null,
    });
    return view(state);
  }

  /** Removes the limits. If the budget is set again in the same window, what was spent still counts. */
  @Delete(':scope/:scope_id')
  @Access('admin')
  @ApiScope()
  @ApiOperation({
    summary: 'Delete a budget',
    operationId: 'deleteBudget',
    description: 'Removes the limits. If you set the budget again in the same window, earlier spending still counts.',
  })
  @ApiData(DeletedBudgetDto, { description: 'The budget is deleted.' })
  @ApiErrors(400, 404)
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('scope', scopePipe) scope: BudgetScope,
    @Param('scope_id') scope_id: string,
  ): Promise<DeletedBudgetDto> {
    await this.budgets.delete(principal, scope, scope_id);
    return { scope, scope_id, deleted: true };
  }
}

function view({ org_id: _org, revision: _revision, ...budget }: BudgetState): BudgetDto {
  return budget;
}
