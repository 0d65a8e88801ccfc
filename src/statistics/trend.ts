import { amount, type CounterRow } from './counter-row.js';
import { buildDay, invocationDay } from './statistics-view.js';

export const TREND_METRICS = ['builds', 'invocations', 'success_rate', 'latency', 'tokens'] as const;
export type TrendMetric = (typeof TREND_METRICS)[number];

/** `success_rate` and `latency` (average, in milliseconds) are those of invocations; `tokens` are read and written ones. */
export function trendValue(metric: TrendMetric, date: string, row: CounterRow | undefined): number | null {
  switch (metric) {
    case 'builds':
      return buildDay(date, row).total_builds;
    case 'invocations':
      return amount(row, 'total');
    case 'success_rate':
      return invocationDay(date, row).success_rate;
    case 'latency':
      return invocationDay(date, row).avg_duration_ms;
    case 'tokens':
      return amount(row, 'input_tokens') + amount(row, 'output_tokens');
  }
}
