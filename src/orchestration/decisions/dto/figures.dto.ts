/** The numbers that the rules read; money in the currency of the context. */
export class DecisionInputsDto {
  /** @example 0 */
  revenue_impact: number;

  /** @example 20000 */
  customer_impact: number;

  /** @example 0 */
  operational_impact: number;

  /** @example 40000 */
  estimated_cost: number | null;

  /** @example 150000 */
  expected_revenue: number | null;

  /** @example 50000 */
  budget: number | null;

  /** @example 60 */
  estimated_days: number;

  /** @example 3 */
  team_members: number;

  /** @example 5 */
  complexity_score: number;

  /** @example 3 */
  technical_complexity: number;

  /** @example 2 */
  market_uncertainty: number;

  /** @example 8 */
  resource_availability: number;

  /** @example 4 */
  timeline_pressure: number;
}

/** All within 0..1. */
export class DecisionRiskDto {
  /** @example 0.3 */
  technical: number;

  /** @example 0.2 */
  market: number;

  /**
   * 1 − resource_availability / 10.
   * @example 0.2
   */
  resource: number;

  /** @example 0.4 */
  timeline: number;

  /**
   * Of the four.
   * @example 0.275
   */
  mean: number;

  /**
   * What the weakest needed partner adds.
   * @example 0.15
   */
  partnership: number;

  /**
   * What the rule looks at: 1 − (1 − mean)(1 − partnership).
   * @example 0.38375
   */
  overall: number;
}

/** Of the estimates as they are; null has its reason. */
export class DecisionReturnsDto {
  /** @example 275 */
  roi_percent: number | null;

  /** @example 137.5 */
  monthly_roi_percent: number | null;

  /** @example 0.5333 */
  payback_months: number | null;

  /** @example 110000 */
  profit: number | null;

  /** @example null */
  reason: string | null;
}

export class PercentilesDto {
  /** @example 182.4 */
  p10: number;

  /** @example 274.6 */
  p50: number;

  /** @example 397.1 */
  p90: number;
}

/** What may come of it. */
export class DecisionSimulationDto {
  /**
   * 0 when nothing spreads because the cost or the revenue is 0.
   * @example 5000
   */
  draws: number;

  /** @example 0.998 */
  probability_roi_positive: number;

  roi_percent: PercentilesDto | null;

  payback_months: PercentilesDto | null;

  /** @example 0.91 */
  probability_within_budget: number | null;

  /** @example null */
  reason: string | null;
}

export class BudgetDto {
  /** @example 50000 */
  budget: number;

  /** @example 0 */
  over_by: number;

  /** @example 0.91 */
  probability_within: number | null;
}
