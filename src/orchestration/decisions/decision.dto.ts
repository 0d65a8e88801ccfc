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
  CalibrationDto,
} from './figures.dto.js';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsObject, IsOptional, Max, Min } from 'class-validator';

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
   * @example good
   */
  health: Health;

  /** @example 80 */
  score: number | null;

  /**
   * Risk that this partner adds, 0 to 0.25.
   * @example 0
   */
  risk_added: number;

  /** @example 'good enough to add no risk' */
  note: string;
}

/** The context itself or one of its alternatives. */
export class OptionDto {
  /** @example 1 */
  rank: number;

  /**
   * Index in the context's alternatives, starting at 0. Null for the context itself.
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

  /** @example 1 */
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
   * Why the configured model did not write the text. Null if it did, or if no model is configured.
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
   * @example {"team_members": 3, "complexity_score": 5, "technical_complexity": 3, "market_uncertainty": 2, "resource_availability": 8, "timeline_pressure": 4}
   */
  assumed_inputs: Record<string, number>;

  /**
   * Required inputs that are missing. A decision is not approved while an input is missing.
   * @example []
   */
  missing_inputs: string[];

  risk: DecisionRiskDto;

  returns: DecisionReturnsDto;

  simulation: DecisionSimulationDto | null;

  sensitivity: SensitivityDto | null;

  partnerships: PartnerImpactDto[];

  budget: BudgetFitDto | null;

  /** Best first, including the context itself. Empty without alternatives. */
  alternatives: OptionDto[];

  /**
   * The name of the best option, which can be the context itself. Null without alternatives.
   * @example 'Sell through a partner'
   */
  recommended: string | null;

  /** @example 0 */
  seed: number;

  track_record: TrackRecordDto;

  words: WordsOriginDto;
}

/** A decision that is not approved has one phase, Reconsideration. */
export type PhaseName = 'Planning' | 'Development' | 'Deployment' | 'Reconsideration';

const MONEY_LIMIT = 1e15;

export class CreateDecisionDto {
  /**
   * What to decide: a non-empty object of at most 64 KB. All known keys are optional, but the decision is DEFER_OR_REJECT
   * unless both estimated_cost and expected_revenue are given. Texts: name, business_goal, timeframe, description. Impacts, which
   * set the priority: revenue_impact, customer_impact, operational_impact. Amounts, each 0 or 0.01 to 1e15: estimated_cost,
   * expected_revenue, budget. Duration and team: estimated_days (1 to 3,650; default 30), team_members (1 to 10,000; default 3).
   * From 0 to 10, with the default in parentheses: complexity_score (5), technical_complexity (3), market_uncertainty (2),
   * resource_availability (8, higher is better), timeline_pressure (4). Partners involved: partnerships (ids), and affects_<word>
   * (boolean), where the word is technical, brand, strategic, strategy or research for one of the four partnerships that every
   * organization starts with, or otherwise a partnership's id. Alternatives: alternatives (at most 20 contexts). Other keys are
   * stored and shown to the model.
   * @example {"business_goal": "Sell in Portugal", "customer_impact": 20000, "estimated_cost": 40000, "expected_revenue": 150000, "budget": 50000, "estimated_days": 60, "affects_brand": true}
   */
  // Keeps the raw value: class-transformer drops keys that reach a prototype, which validation must report.
  @Transform(({ obj }: { obj: CreateDecisionDto }) => obj.context)
  @IsObject()
  context: Record<string, unknown>;

  /**
   * Seed of the simulation. The same context and seed produce the same random draws. Defaults to 0.
   * @example 7
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(4_294_967_295)
  seed?: number;
}

/** The outcome of a decision. It can be recorded once. */
export class RecordOutcomeDto {
  /**
   * Actual cost, in the currency of the context.
   * @example 46000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_cost?: number;

  /**
   * Actual revenue.
   * @example 130000
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MONEY_LIMIT)
  actual_revenue?: number;

  /**
   * Actual duration in days.
   * @example 75
   */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(36_500)
  actual_days?: number;

  /**
   * Whether the decision succeeded.
   * @example true
   */
  @IsBoolean()
  success: boolean;
}

/** A phase of whole days, both ends inclusive; the next phase begins the day after. */
export class PlanPhaseDto {
  /**
   * A decision that is not approved has only a reconsideration phase.
   * @example Planning
   */
  phase: PhaseName;

  /** @example 12 */
  duration_days: number;

  /**
   * First day of the phase.
   * @example 2026-11-21
   */
  start_date: string;

  /**
   * Last day of the phase.
   * @example 2026-12-02
   */
  end_date: string;

  /** @example 36 */
  effort_person_days: number;

  /** @example ["Agree on scope and responsibilities with 3 people"] */
  activities: string[];
}

/** The predictions of the decision. */
export class PredictionsDto {
  /**
   * Simulated probability that the ROI is positive. Null if an input is missing.
   * @example 0.998
   */
  probability_of_success: number | null;

  /** @example 40000 */
  cost: number | null;

  /** @example 150000 */
  revenue: number | null;

  /** @example 60 */
  days: number;
}

/** The outcome of the decision. */
export class OutcomeDto {
  /** @example true */
  success: boolean;

  /** @example 46000 */
  actual_cost: number | null;

  /** @example 130000 */
  actual_revenue: number | null;

  /** @example 75 */
  actual_days: number | null;

  /** @example '2027-02-20T10:00:00.000Z' */
  recorded_at: string;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  recorded_by: string;
}

export class DecisionDto {
  /** @example dec_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  decision_id: string;

  /**
   * @example APPROVE_IMMEDIATE
   */
  decision: Verdict;

  /** @example 'APPROVE_IMMEDIATE: the priority is high and the risk 0.28 of 1.' */
  rationale: string;

  implementation_plan: PlanPhaseDto[];

  /** @example ["Revenue of at least 150,000"] */
  success_metrics: string[];

  /** @example [] */
  risk_mitigation: string[];

  analysis: DecisionAnalysisDto;

  /**
   * The model that wrote the text, or nexus/computed if it was derived from the numbers alone.
   * @example nexus/computed
   */
  model: string;

  /** @example '2026-11-21T10:00:00.000Z' */
  created_at: string;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  created_by: string;

  /**
   * The context as received.
   * @example {"business_goal": "Sell in Portugal"}
   */
  context: Record<string, unknown>;

  predictions: PredictionsDto;

  outcome: OutcomeDto | null;
}

export class DecisionSummaryDto {
  /** @example dec_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  decision_id: string;

  /** @example APPROVE_IMMEDIATE */
  decision: Verdict;

  /**
   * The context's name, or else its business_goal.
   * @example 'Sell in Portugal'
   */
  name: string | null;

  /** @example high */
  priority: Priority;

  /** @example 0.275 */
  risk: number;

  /** @example 275 */
  roi_percent: number | null;

  /** @example 0.998 */
  probability_of_success: number | null;

  /** @example nexus/computed */
  model: string;

  /** @example '2026-11-21T10:00:00.000Z' */
  created_at: string;

  /** @example usr_01KAG4ZQ4N5B1M6Z6K0TQX0N3R */
  created_by: string;

  outcome: OutcomeDto | null;
}

export class DecisionListDto {
  decisions: DecisionSummaryDto[];

  /**
   * Number of decisions on this page.
   * @example 1
   */
  total: number;

  /** @example null */
  last_key: string | null;

  calibration: CalibrationDto;
}
