import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';

export const TREND_METRICS = ['builds', 'invocations', 'success_rate', 'latency', 'tokens'] as const;
export type TrendMetric = (typeof TREND_METRICS)[number];

/** Where the organization stands right now. Rates and averages are null while there is nothing to take them of. */
export class OverviewDto {
  /**
   * All agents, in any state.
   * @example 12
   */
  total_agents: number;

  /** @example 9 */
  running_agents: number;

  /** @example 1 */
  building_agents: number;

  /** @example 1 */
  offline_agents: number;

  /**
   * All builds that were started, including running ones.
   * @example 20
   */
  total_builds: number;

  /** @example 17 */
  successful_builds: number;

  /** @example 2 */
  failed_builds: number;

  /**
   * Successful builds as a percentage of finished builds.
   * @example 89.47
   */
  success_rate: number | null;

  /**
   * Average duration of a successful build in minutes.
   * @example 4.2
   */
  avg_build_time_minutes: number | null;

  /**
   * Invocations since midnight UTC.
   * @example 318
   */
  today_calls: number;

  /**
   * Successful invocations today, in percent.
   * @example 98.74
   */
  today_success_rate: number | null;

  /**
   * Input and output tokens today.
   * @example 120450
   */
  today_tokens: number;
}

/** Invocations of one day, UTC. Durations are milliseconds; percentiles are accurate to 5 %, below 1 ms to 1 ms. */
export class InvocationDayDto {
  /** @example "2026-11-20" */
  date: string;

  /** @example 318 */
  total_invocations: number;

  /** @example 314 */
  successful_invocations: number;

  /** @example 4 */
  failed_invocations: number;

  /**
   * Percent. Null on a day without invocations, as are the durations.
   * @example 98.74
   */
  success_rate: number | null;

  /** @example 812.4 */
  avg_duration_ms: number | null;

  /** @example 701.12 */
  p50_duration_ms: number | null;

  /** @example 1904.55 */
  p95_duration_ms: number | null;

  /** @example 3204.9 */
  p99_duration_ms: number | null;

  /** @example 80210 */
  input_tokens: number;

  /** @example 40240 */
  output_tokens: number;
}

/** Builds that ended on one day, UTC. */
export class BuildDayDto {
  /** @example "2026-11-20" */
  date: string;

  /** @example 5 */
  total_builds: number;

  /** @example 4 */
  successful_builds: number;

  /** @example 1 */
  failed_builds: number;

  /**
   * Average duration of the builds that ended that day, including failed builds. Null on a day without builds.
   * @example 3.8
   */
  avg_duration_minutes: number | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { agent_deployer: 4, agent_developer_manager: 1 },
    description: 'Number of builds that ended in each stage. Stages with none are omitted.',
  })
  builds_by_stage: Record<string, number>;
}

class TrendPointDto {
  /** @example "2026-11-20" */
  date: string;

  /**
   * On a day without data, counts are 0 and rates and latency are null.
   * @example 318
   */
  value: number | null;
}

/** One value per day, UTC. */
export class TrendDto {
  @ApiProperty({ enum: TREND_METRICS, example: 'invocations' })
  metric: TrendMetric;

  /** Ordered by day. */
  data_points: TrendPointDto[];
}

/** The days to answer, in UTC, both ends included: at most 366, by default the last 30. */
export class DayRangeQuery {
  /**
   * First day, as YYYY-MM-DD. Defaults to 29 days before the last day.
   * @example "2026-10-22"
   */
  @IsOptional()
  @IsString()
  start_date?: string;

  /**
   * Last day, as YYYY-MM-DD. Defaults to today.
   * @example "2026-11-20"
   */
  @IsOptional()
  @IsString()
  end_date?: string;
}

export class InvocationStatisticsQuery extends DayRangeQuery {
  /**
   * Only invocations of this agent.
   * @example "proj_01KAG4ZQ4N5B1M6Z6K0TQX0N3R:invoice_reader"
   */
  @IsOptional()
  @IsString()
  @Length(1, 300)
  agent_id?: string;
}

export class TrendQuery extends DayRangeQuery {
  /**
   * The metric. `success_rate` (percent), `latency` (average, in milliseconds) and `tokens` measure invocations; `builds` counts
   * builds that ended.
   * @example "invocations"
   */
  @IsIn(TREND_METRICS)
  metric: TrendMetric;
}
