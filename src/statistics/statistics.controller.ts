import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { BudgetsService } from '../budgets/budgets.service.js';
import { BudgetDto } from '../budgets/dto/budget.dto.js';
import { Access, CurrentPrincipal } from '../identity/access.decorators.js';
import type { Principal } from '../identity/principal.js';
import { ApiData, ApiErrors } from '../platform/http/api-docs.js';
import {
  BuildDayDto,
  InvocationDayDto,
  OverviewDto,
  TrendDto,
  DayRangeQuery,
  InvocationStatisticsQuery,
  TrendQuery,
} from './dto/statistics.dto.js';
import { StatisticsQueries } from './statistics-queries.js';

@ApiTags('statistics')
@Access('viewer')
@Controller('statistics')
export class StatisticsController {
  constructor(
    private readonly queries: StatisticsQueries,
    private readonly budgets: BudgetsService,
  ) {}

  /** Agents and builds as they are now, and the invocations of today (UTC). */
  @Get('overview')
  @ApiOperation({
    summary: 'Get the statistics overview',
    operationId: 'getStatisticsOverview',
    description:
      "Returns the number of agents and builds, and today's invocations and tokens (UTC). Counts can lag by a few seconds.",
  })
  @ApiData(OverviewDto, { description: 'Statistics of your organization.' })
  @ApiErrors()
  overview(@CurrentPrincipal() { org_id }: Principal): Promise<OverviewDto> {
    return this.queries.overview(org_id);
  }

  /** Builds by the day they ended. */
  @Get('builds')
  @ApiOperation({
    summary: 'Get build statistics per day',
    operationId: 'getBuildStatistics',
    description:
      'Returns, for each UTC day, the number of builds that succeeded and failed, and their average duration. At most 366 days.',
  })
  @ApiData([BuildDayDto], { description: 'One row per requested day, in order.' })
  @ApiErrors(400)
  builds(@CurrentPrincipal() { org_id }: Principal, @Query() query: DayRangeQuery): Promise<BuildDayDto[]> {
    return this.queries.builds(org_id, query);
  }

  /** Invocations by the day they began, of all agents or of one. */
  @Get('invocations')
  @ApiOperation({
    summary: 'Get invocation statistics per day',
    operationId: 'getInvocationStatistics',
    description:
      'Returns, for each UTC day, the number of invocations that succeeded and failed, their tokens and their durations, for all agents or one. At most 366 days.',
  })
  @ApiData([InvocationDayDto], { description: 'One row per requested day, in order.' })
  @ApiErrors(400, 404)
  invocations(
    @CurrentPrincipal() { org_id }: Principal,
    @Query() query: InvocationStatisticsQuery,
  ): Promise<InvocationDayDto[]> {
    return this.queries.invocations(org_id, query);
  }

  /** One metric over time. */
  @Get('trends')
  @ApiOperation({
    summary: 'Get the trend of a metric',
    operationId: 'getStatisticsTrend',
    description: 'Returns one metric as chart data, one point per UTC day. At most 366 days.',
  })
  @ApiData(TrendDto, { description: 'One data point per requested day, in order.' })
  @ApiErrors(400)
  trends(@CurrentPrincipal() { org_id }: Principal, @Query() query: TrendQuery): Promise<TrendDto> {
    return this.queries.trend(org_id, query.metric, query);
  }

  /** What was spent on each budget in the current day and month, and what running calls hold. */
  @Get('budgets')
  @ApiOperation({
    summary: 'Get spending by budget',
    operationId: 'getBudgetStatistics',
    description:
      'Returns what each budget has spent today and this month (UTC), in US dollars and tokens. A day or month without a limit is omitted.',
  })
  @ApiData([BudgetDto], { description: 'One row per budget.' })
  @ApiErrors()
  async spending(@CurrentPrincipal() { org_id }: Principal): Promise<BudgetDto[]> {
    return (await this.budgets.list(org_id)).map(({ org_id: _org, revision: _revision, ...budget }) => budget);
  }
}
