import type { Health } from '../partnerships/partnership.js';
import {
  BudgetFitDto,
  DecisionInputsDto,
  DecisionReturnsDto,
  DecisionRiskDto,
  DecisionSimulationDto,
  PercentilesDto,
  SensitivityDto,
  TrackRecordDto,
  type Priority,
  type Verdict,
} from './figures.dto.js';

/** A partner that the decision depends on. */
export class PartnerImpactDto {
  /** @example grok_brand */
  id: string;

  /** @example 'Brand Amplification' */
  name: string | null;

  /**
   * The context key that names or implies the partnership.
   * @example affects_brand
   */
  because: string;

  /**
   * @example poor
   */
  health: Health;

  /** @example 30 */
  score: number | null;

  /** @example 0.15 */
  risk_added: number;

  /** @example 'poor: adds risk' */
  note: string;
}

/** The context itself or one of its alternatives. */
export class OptionDto {
  /** @example 1 */
  rank: number;

  /**
   * Index in the context's alternatives; null for the context itself.
   * @example 0
   */
  alternative: number | null;

  /** @example 'Sell through a partner' */
  name: string;

  /** @example APPROVE_IMMEDIATE */
  decision: Verdict;

  /** @example high */
  priority: Priority;

  /** @example 0.275 */
  risk: number;

  /** @example 275 */
  roi_percent: number | null;

  /** @example 0.5333 */
  payback_months: number | null;

  /** @example 0.998 */
  probability_roi_positive: number | null;

  roi_percentiles: PercentilesDto | null;

  /** @example 40000 */
  estimated_cost: number | null;

  /** @example 150000 */
  expected_revenue: number | null;

  missing_inputs: string[];

  /** @example {"team_members": 3} */
  assumed_inputs: Record<string, number>;
}

export class WordsOriginDto {
  /**
   * @example computed
   */
  source: 'model' | 'computed';

  /**
   * Why the configured model did not write the text.
   * @example null
   */
  reason: string | null;
}

/** The complete analysis of a decision. */
export class DecisionAnalysisDto {
  /**
   * @example high
   */
  priority: Priority;

  inputs: DecisionInputsDto;

  /**
   * Optional inputs that are missing, with the values assumed for them.
   * @example {"team_members": 3}
   */
  assumed_inputs: Record<string, number>;

  /**
   * Required inputs that are missing. Nothing is approved while any is missing.
   * @example []
   */
  missing_inputs: string[];

  risk: DecisionRiskDto;

  returns: DecisionReturnsDto;

  simulation: DecisionSimulationDto | null;

  sensitivity: SensitivityDto | null;

  partnerships: PartnerImpactDto[];

  budget: BudgetFitDto | null;

  /** Best first, including the context itself; empty without alternatives. */
  alternatives: OptionDto[];

  /**
   * The name of the best alternative.
   * @example 'Sell through a partner'
   */
  recommended: string | null;

  /** @example 0 */
  seed: number;

  track_record: TrackRecordDto;

  words: WordsOriginDto;
}
