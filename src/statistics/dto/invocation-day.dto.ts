import type { InvocationDay } from '../statistics-view.js';

/** Invocations of one day, UTC. Durations are milliseconds; percentiles are accurate to 5 %, below 1 ms to 1 ms. */
export class InvocationDayDto implements InvocationDay {
  /** @example "2026-11-20" */
  date: string;

  /** @example 318 */
  total_invocations: number;

  /** @example 314 */
  successful_invocations: number;

  /** @example 4 */
  failed_invocations: number;

  /**
   * Per cent; null on a day without invocations, as are all durations.
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
