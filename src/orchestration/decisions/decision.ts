import type { DecisionAnalysisDto } from './analysis.dto.js';
import type { DecisionDto, DecisionSummaryDto } from './decision.dto.js';
import type { Predictions, TrackRecord } from './calibration.js';
import type { WrittenDecision } from './decision-writer.service.js';
import { type Analysis, type Assessment, optionFigures } from './engine/decision-engine.js';
import { round } from './engine/rules.js';
import { COMPUTED_MODEL } from './words/computed-words.js';

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
