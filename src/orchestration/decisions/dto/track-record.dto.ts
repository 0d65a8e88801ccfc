export class BiasDto {
  /**
   * Mean of (actual − predicted) / predicted, in percent: above 0 more than predicted.
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

/** Decisions whose predicted probability lay in one tenth. */
export class ReliabilityBinDto {
  /** @example 0.9 */
  from: number;

  /** @example 1 */
  to: number;

  /** @example 8 */
  outcomes: number;

  /** @example 0.97 */
  predicted: number;

  /** @example 0.875 */
  observed: number;
}

/** How well the predictions of an organisation's decisions came true. */
export class TrackRecordDto {
  /** @example 9 */
  outcomes: number;

  /** @example 7 */
  successes: number;

  /**
   * Outcomes of decisions that had predicted a probability.
   * @example 8
   */
  scored: number;

  /**
   * Mean of (predicted probability − outcome)²: 0 is perfect, 0.25 is what always saying one half gets.
   * @example 0.11
   */
  brier_score: number | null;

  /**
   * What always predicting the share of successes would have got.
   * @example 0.1094
   */
  brier_score_of_base_rate: number | null;

  bias: BiasesDto;

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
   * All decisions, with an outcome or without.
   * @example 18
   */
  decisions: number;

  by_decision: VerdictCountsDto;
}
