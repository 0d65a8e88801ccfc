import type { Verdict } from '../engine/verdict.js';
/** What becomes of the result when one input alone goes from its P10 (low) to its P90 (high). */
export class SwingDto {
  /** @example expected_revenue */
  input: string;

  /** @example 123406.2 */
  low: number;

  /** @example 182325.2 */
  high: number;

  /** @example 208.5 */
  roi_percent_at_low: number;

  /** @example 355.8 */
  roi_percent_at_high: number;

  /** @example 0.6482 */
  payback_months_at_low: number;

  /** @example 0.4388 */
  payback_months_at_high: number;

  /** @example APPROVE_IMMEDIATE */
  decision_at_low: Verdict;

  /** @example APPROVE_IMMEDIATE */
  decision_at_high: Verdict;
}

/** One input at a time. */
export class SensitivityDto {
  /** @example expected_revenue */
  moves_roi_most: string | null;

  /** @example estimated_days */
  moves_payback_most: string | null;

  inputs: SwingDto[];

  /** @example null */
  reason: string | null;
}
