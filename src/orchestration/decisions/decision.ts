import type {
  DecisionAnalysisDto,
  DecisionDto,
  DecisionSummaryDto,
  OutcomeDto,
  PredictionsDto,
} from './decision.dto.js';
import type { WrittenDecision } from './decision-writer.service.js';
import { type Analysis, type Assessment, optionFigures } from './engine/decision-engine.js';
import { round, exact } from './engine/rules.js';
import { COMPUTED_MODEL } from './words/computed-words.js';
import type { BiasDto, ReliabilityBinDto, TrackRecordDto } from './figures.dto.js';

export type DecisionAnalysis = DecisionAnalysisDto;

export type Decision = DecisionDto & { org_id: string };

export type DecisionSummary = DecisionSummaryDto;

type Origin = Pick<Decision, 'decision_id' | 'org_id' | 'created_by' | 'created_at' | 'context'>;

/** Assembles the decision that is stored and answered. */
export function decisionRecord(
  origin: Origin,
  analysis: Analysis,
  written: WrittenDecision,
  track_record: TrackRecord,
): Decision {
  const { model, reason, ...words } = written;
  const { decision, ...assessment } = analysis.assessment;
  return {
    ...origin,
    ...words,
    decision,
    analysis: {
      ...assessment,
      seed: analysis.seed,
      budget: budgetOf(analysis.assessment),
      alternatives: analysis.ranking.map(optionFigures),
      recommended: analysis.ranking[0]?.name ?? null,
      track_record,
      words: { source: model === COMPUTED_MODEL ? 'computed' : 'model', reason },
    },
    model,
    predictions: predictionsOf(analysis.assessment),
    outcome: null,
  };
}

export function decisionSummary(decision: Decision, name: string | null): DecisionSummary {
  const { decision_id, created_at, created_by, analysis, predictions, model, outcome } = decision;
  return {
    decision_id,
    decision: decision.decision,
    name,
    priority: analysis.priority,
    risk: analysis.risk.overall,
    roi_percent: analysis.returns.roi_percent,
    probability_of_success: predictions.probability_of_success,
    model,
    created_at,
    created_by,
    outcome,
  };
}

function budgetOf({ inputs, simulation }: Assessment): DecisionAnalysis['budget'] {
  const { budget, estimated_cost: cost } = inputs;
  if (budget === null) return null;
  const over_by = cost === null ? 0 : Math.max(0, round(cost - budget, 2));
  return { budget, over_by, probability_within: simulation?.probability_within_budget ?? null };
}

function predictionsOf({ inputs, simulation }: Assessment): Predictions {
  return {
    probability_of_success: simulation?.probability_roi_positive ?? null,
    cost: inputs.estimated_cost,
    revenue: inputs.expected_revenue,
    days: inputs.estimated_days,
  };
}

export type Predictions = PredictionsDto;

export type Outcome = OutcomeDto;

/** Errors are capped at ten times the estimate, so that one outlier does not dominate the mean. */
const HIGHEST_ERROR = 9;
const BINS = 10;

/** Sums over all outcomes of an organization. Each outcome is added exactly once, in the transaction that stores it. */
export type Counters = Record<string, number>;

type Measure = 'cost' | 'revenue' | 'days';

/** The amounts that one outcome adds to the counters. */
export function countersOf(predicted: Predictions, outcome: Outcome): Counters {
  return {
    outcomes: 1,
    successes: Number(outcome.success),
    ...scoreCounters(predicted.probability_of_success, outcome.success),
    ...errorCounters('cost', predicted.cost, outcome.actual_cost),
    ...errorCounters('revenue', predicted.revenue, outcome.actual_revenue),
    ...errorCounters('days', predicted.days, outcome.actual_days),
  };
}

/** `(actual − predicted) / predicted`: 0.2 is a fifth more than predicted. Null for a prediction of 0. */
function relativeError(predicted: number | null, actual: number | null): number | null {
  if (predicted === null || actual === null || predicted === 0) return null;
  return exact(Math.min(HIGHEST_ERROR, (actual - predicted) / predicted));
}

/** The bin of a probability: 0 is [0, 0.1), 9 is [0.9, 1]. */
function binOf(probability: number): number {
  return Math.min(BINS - 1, Math.floor(probability * BINS));
}

function scoreCounters(probability: number | null, success: boolean): Counters {
  if (probability === null) return {};
  const bin = binOf(probability);
  return {
    scored: 1,
    scored_successes: Number(success),
    probability_sum: probability,
    brier_sum: round((probability - Number(success)) ** 2, 8),
    [`bin_${bin}_count`]: 1,
    [`bin_${bin}_probability_sum`]: probability,
    [`bin_${bin}_successes`]: Number(success),
  };
}

function errorCounters(measure: Measure, predicted: number | null, actual: number | null): Counters {
  const error = relativeError(predicted, actual);
  return error === null ? {} : { [`${measure}_count`]: 1, [`${measure}_error_sum`]: error };
}

type Bias = BiasDto;

type ReliabilityBin = ReliabilityBinDto;

type TrackRecord = TrackRecordDto;

/** Computed from the counters alone. */
export function trackRecord(counters: Counters): TrackRecord {
  const count = (name: string): number => counters[name] ?? 0;
  const scored = count('scored');
  const rate = count('scored_successes') / scored;
  return {
    outcomes: count('outcomes'),
    successes: count('successes'),
    scored,
    brier_score: scored === 0 ? null : round(count('brier_sum') / scored, 6),
    brier_score_of_base_rate: scored === 0 ? null : round(rate * (1 - rate), 6),
    bias: { cost: biasOf('cost', counters), revenue: biasOf('revenue', counters), time: biasOf('days', counters) },
    reliability: reliabilityOf(count),
    reason: reasonOf(count('outcomes'), scored),
  };
}

function biasOf(measure: Measure, counters: Counters): Bias {
  const outcomes = counters[`${measure}_count`] ?? 0;
  const sum = counters[`${measure}_error_sum`] ?? 0;
  return { mean_error_percent: outcomes === 0 ? null : round((sum / outcomes) * 100, 2), outcomes };
}

function reliabilityOf(count: (name: string) => number): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => ({ bin, outcomes: count(`bin_${bin}_count`) }))
    .filter(({ outcomes }) => outcomes > 0)
    .map(({ bin, outcomes }) => ({
      from: bin / BINS,
      to: (bin + 1) / BINS,
      outcomes,
      predicted: round(count(`bin_${bin}_probability_sum`) / outcomes, 4),
      observed: round(count(`bin_${bin}_successes`) / outcomes, 4),
    }));
}

function reasonOf(outcomes: number, scored: number): string | null {
  if (outcomes === 0) return 'no outcome has been recorded yet';
  return scored === 0 ? 'no decision with an outcome had predicted a probability' : null;
}
