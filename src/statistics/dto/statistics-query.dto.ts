import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { TREND_METRICS, type TrendMetric } from '../trend.js';

/** The days to answer, in UTC, both ends included: at most 366, by default the last 30. */
export class DayRangeQuery {
  /**
   * First day, as YYYY-MM-DD. By default 29 days before the last.
   * @example "2026-10-22"
   */
  @IsOptional()
  @IsString()
  start_date?: string;

  /**
   * Last day, as YYYY-MM-DD. By default today.
   * @example "2026-11-20"
   */
  @IsOptional()
  @IsString()
  end_date?: string;
}

export class InvocationStatisticsQuery extends DayRangeQuery {
  /**
   * Only invocations of this agent. An agent that your organisation does not have answers zeros.
   * @example "proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:invoice_reader"
   */
  @IsOptional()
  @IsString()
  @Length(1, 300)
  agent_id?: string;
}

export class TrendQuery extends DayRangeQuery {
  /**
   * What to follow. `success_rate` (per cent), `latency` (average, in milliseconds) and `tokens` are those of invocations;
   * `builds` are builds that ended.
   * @example "invocations"
   */
  @IsIn(TREND_METRICS)
  metric: TrendMetric;
}
