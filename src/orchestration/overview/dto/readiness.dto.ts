export class ReadinessFindingDto {
  /**
   * pass, warning or fail.
   * @example pass
   */
  status: string;

  /** @example 'Every answer carries the security headers' */
  message: string;

  /**
   * What was seen.
   * @example {"status": 200}
   */
  evidence: Record<string, unknown>;

  /**
   * What to do about it; of everything but a pass.
   * @example 'Set ENVIRONMENT=production.'
   */
  fix?: string;
}

export class ReadinessSummaryDto {
  /** @example 15 */
  total_checks: number;

  /** @example 15 */
  passed: number;

  /** @example 0 */
  warnings: number;

  /** @example 0 */
  failed: number;
}

export class ReadinessDto {
  /**
   * not_ready with a fail, ready_with_warnings with a warning, else production_ready.
   * @example production_ready
   */
  overall_status: string;

  /**
   * Passed of all, in per cent.
   * @example 100
   */
  readiness_score: number;

  /** @example {"rate_limiting": {"status": "pass", "message": "Requests are counted", "evidence": {"limit": 100}}} */
  checks: Record<string, ReadinessFindingDto>;

  summary: ReadinessSummaryDto;

  /**
   * The fixes, most urgent first.
   * @example []
   */
  recommendations: string[];

  /** @example '2026-11-21T10:00:00.000Z' */
  last_check: string;
}
