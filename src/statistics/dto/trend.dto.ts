import { ApiProperty } from '@nestjs/swagger';
import type { Trend } from '../statistics-queries.js';
import { TREND_METRICS, type TrendMetric } from '../trend.js';

export class TrendPointDto {
  /** @example "2026-11-20" */
  date: string;

  /**
   * On a day without data 0 for counts and null for rates and latency.
   * @example 318
   */
  value: number | null;
}

/** One value per day, UTC. */
export class TrendDto implements Trend {
  @ApiProperty({ enum: TREND_METRICS, example: 'invocations' })
  metric: TrendMetric;

  /** In order of days. */
  data_points: TrendPointDto[];
}
