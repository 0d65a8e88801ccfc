export type Priority = 'critical' | 'high' | 'medium' | 'low';

export type Verdict = 'APPROVE_IMMEDIATE' | 'APPROVE_SCHEDULED' | 'APPROVE_CONDITIONAL' | 'DEFER_OR_REJECT';

/** The inputs of the rules; money is in the currency of the context. */
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

/** All values are between 0 and 1. */
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
   * Mean of the four risks above.
   * @example 0.275
   */
  mean: number;

  /**
   * Risk added by the weakest partner that the decision needs.
   * @example 0
   */
  partnership: number;

  /**
   * The risk that the rules compare: 1 − (1 − mean)(1 − partnership).
   * @example 0.275
   */
  overall: number;
}

/** Figures of the estimates themselves; `reason` says why one is null. */
export class DecisionReturnsDto {
  /** @example 275 */
  roi_percent: number | null;

  /** @example 137.5 */
  monthly_roi_percent: number | null;

  /**
   * Months until the revenue covers the cost.
   * @example 0.5333
   */
  payback_months: number | null;

  /**
   * expected_revenue − estimated_cost.
   * @example 110000
   */
  profit: number | null;

  /**
   * Why a figure is null.
   * @example null
   */
  reason: string | null;
}

export class PercentilesDto {
  /** @example 180.56 */
  p10: number;

  /** @example 275.98 */
  p50: number;

  /** @example 404.02 */
  p90: number;
}

/** The simulated distribution of the results. */
export class DecisionSimulationDto {
  /**
   * Number of draws. 0 if the cost or the revenue is 0, because the result is then certain.
   * @example 5000
   */
  draws: number;

  /** @example 1 */
  probability_roi_positive: number;

  roi_percent: PercentilesDto | null;

  /** @example {"p10": 0.3537, "p50": 0.5291, "p90": 0.8035} */
  payback_months: PercentilesDto | null;

  /** @example 0.9052 */
  probability_within_budget: number | null;

  /**
   * Why the result is certain. Null if it is not.
   * @example null
   */
  reason: string | null;
}

export class BudgetFitDto {
  /** @example 50000 */
  budget: number;

  /**
   * Amount by which the cost exceeds the budget. 0 if it does not.
   * @example 0
   */
  over_by: number;

  /**
   * Simulated probability that the cost stays within the budget.
   * @example 0.9052
   */
  probability_within: number | null;
}

/** The effect of moving one input from its P10 (low) to its P90 (high). */
export class SwingDto {
  /**
   * The input that varies while the others keep their estimates.
   * @example estimated_cost
   */
  input: string;

  /**
   * 10th percentile of the input.
   * @example 31963.93
   */
  low: number;

  /**
   * 90th percentile of the input.
   * @example 50056.43
   */
  high: number;

  /** @example 369.28 */
  roi_percent_at_low: number;

  /** @example 199.66 */
  roi_percent_at_high: number;

  /** @example 0.4262 */
  payback_months_at_low: number;

  /** @example 0.6674 */
  payback_months_at_high: number;

  /** @example APPROVE_IMMEDIATE */
  decision_at_low: Verdict;

  /** @example APPROVE_SCHEDULED */
  decision_at_high: Verdict;
}

/** The effect of each input, moved one at a time. */
export class SensitivityDto {
  /**
   * The input that changes the ROI most. Null if none does.
   * @example estimated_cost
   */
  moves_roi_most: string | null;

  /**
   * The input that changes the payback time most. Null if none does.
   * @example estimated_days
   */
  moves_payback_most: string | null;

  inputs: SwingDto[];

  /**
   * Why there are no inputs. Null if there are.
   * @example null
   */
  reason: string | null;
}

export class BiasDto {
  /**
   * Mean of (actual − predicted) / predicted in percent. Positive means more than predicted.
   * @example 12.5
   */
  mean_error_percent: number | null;

  /** @example 8 */
  outcomes: number;
}

export class BiasesDto {
  cost: BiasDto;

  revenue: BiasDto;

  time: BiasDto;
}

/** Decisions whose predicted probability lies in one tenth. */
export class ReliabilityBinDto {
  /** @example 0.9 */
  from: number;

  /** @example 1 */
  to: number;

  /** @example 8 */
  outcomes: number;

  /**
   * Mean predicted probability of these decisions.
   * @example 0.97
   */
  predicted: number;

  /**
   * Share of these decisions that succeeded.
   * @example 0.875
   */
  observed: number;
}

/** How well the predictions of an organization's decisions matched their outcomes. */
export class TrackRecordDto {
  /**
   * Number of recorded outcomes.
   * @example 9
   */
  outcomes: number;

  /** @example 7 */
  successes: number;

  /**
   * Number of outcomes whose decision predicted a probability.
   * @example 8
   */
  scored: number;

  /**
   * Mean of (predicted probability − outcome)². 0 is perfect; always predicting one half scores 0.25.
   * @example 0.11
   */
  brier_score: number | null;

  /**
   * The Brier score of always predicting the average success rate.
   * @example 0.1094
   */
  brier_score_of_base_rate: number | null;

  /** Mean errors of the predicted cost, revenue and duration. */
  bias: BiasesDto;

  /** Predicted and observed success for each tenth of the predicted probability. Tenths without outcomes are omitted. */
  reliability: ReliabilityBinDto[];

  /**
   * Why the score is null.
   * @example null
   */
  reason: string | null;
}

export class VerdictCountsDto {
  /** @example 3 */
  APPROVE_IMMEDIATE: number;

  /** @example 4 */
  APPROVE_SCHEDULED: number;

  /** @example 5 */
  APPROVE_CONDITIONAL: number;

  /** @example 6 */
  DEFER_OR_REJECT: number;
}

export class CalibrationDto extends TrackRecordDto {
  /**
   * Number of decisions, with or without an outcome.
   * @example 18
   */
  decisions: number;

  by_decision: VerdictCountsDto;
}
