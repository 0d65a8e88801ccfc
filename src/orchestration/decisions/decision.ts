import type { Outcome, Predictions, TrackRecord } from './calibration.js';
import type { WrittenDecision } from './decision-writer.service.js';
import { type Analysis, type Assessment, type OptionFigures, optionFigures } from './engine/decision-engine.js';
import { type Priority, round, type Verdict } from './engine/rules.js';
import { COMPUTED_MODEL, type DecisionWords } from './words/computed-words.js';

/** The complete analysis of a decision, as answered and stored. */
export interface DecisionAnalysis extends Omit<Assessment, 'decision'> {
  seed: number;
  budget: { budget: number; over_by: number; probability_within: number | null } | null;
  /** Best first, including the context itself; empty without alternatives. */
  alternatives: OptionFigures[];
  /** The name of the first alternative. */
  recommended: string | null;
  /** The track record of earlier decisions. */
  track_record: TrackRecord;
  /** The origin of the words, and why a configured model did not write them. */
  words: { source: 'model' | 'computed'; reason: string | null };
}

export interface Decision extends DecisionWords {
  decision_id: string;
  org_id: string;
  created_by: string;
  created_at: string;
  /** The raw context, including unknown keys. */
  context: Record<string, unknown>;
  decision: Verdict;
  analysis: DecisionAnalysis;
  model: string;
  predictions: Predictions;
  outcome: Outcome | null;
}

/** A decision as lists show it. */
export interface DecisionSummary {
  decision_id: string;
  decision: Verdict;
  name: string | null;
  priority: Priority;
  risk: number;
  roi_percent: number | null;
  probability_of_success: number | null;
  model: string;
  created_at: string;
  created_by: string;
  outcome: Outcome | null;
}

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
