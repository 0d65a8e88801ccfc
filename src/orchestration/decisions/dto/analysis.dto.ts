import type { Priority } from '../engine/priority.js';
import type { Health } from '../../partnerships/health-rules.js';
import type { Verdict } from '../engine/verdict.js';
import {
  BudgetDto,
  DecisionInputsDto,
  DecisionReturnsDto,
  DecisionRiskDto,
  DecisionSimulationDto,
  PercentilesDto,
} from './figures.dto.js';
import { SensitivityDto } from './sensitivity.dto.js';
import { TrackRecordDto } from './track-record.dto.js';

/** A partner that the decision leans on. */
export class PartnerImpactDto {
  /** @example grok_brand */
  id: string;

  /** @example 'Brand Amplification' */
  name: string | null;

  /**
   * The key of the context that names or implies it.
   * @example affects_brand
   */
  because: string;

  /**
   * excellent, good, fair, poor or unknown.
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
   * Its place in the context's alternatives; null is the context itself.
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
   * model or computed.
   * @example computed
   */
  source: 'model' | 'computed';

  /**
   * Why no model wrote them although one is configured.
   * @example null
   */
  reason: string | null;
}

/** Everything that a decision rests on. */
export class DecisionAnalysisDto {
  /**
   * critical, high, medium or low.
   * @example high
   */
  priority: Priority;

  inputs: DecisionInputsDto;

  /**
   * Secondary inputs that the context did not give, with what was taken instead.
   * @example {"team_members": 3}
   */
  assumed_inputs: Record<string, number>;

  /**
   * Without these nothing is approved.
   * @example []
   */
  missing_inputs: string[];

  risk: DecisionRiskDto;

  returns: DecisionReturnsDto;

  simulation: DecisionSimulationDto | null;

  sensitivity: SensitivityDto | null;

  partnerships: PartnerImpactDto[];

  budget: BudgetDto | null;

  /** Best first, the context itself among them; empty without alternatives. */
  alternatives: OptionDto[];

  /**
   * The first of them.
   * @example 'Sell through a partner'
   */
  recommended: string | null;

  /** @example 0 */
  seed: number;

  track_record: TrackRecordDto;

  words: WordsOriginDto;
}
