import type { Outcome, Predictions } from './calibration/outcome.js';
import type { TrackRecord } from './calibration/track-record.js';
import type { Assessment } from './engine/analysis.js';
import type { OptionFigures } from './engine/option-figures.js';
import type { Priority } from './engine/priority.js';
import type { Verdict } from './engine/verdict.js';
import type { DecisionWords } from './words/decision-words.js';

/** Everything that a decision rests on, as it is answered and stored. */
export interface DecisionAnalysis extends Omit<Assessment, 'decision'> {
  seed: number;
  budget: { budget: number; over_by: number; probability_within: number | null } | null;
  /** Best first, the context itself among them; empty without alternatives. */
  alternatives: OptionFigures[];
  /** The first of them. */
  recommended: string | null;
  /** How the decisions before this one did. */
  track_record: TrackRecord;
  /** Who wrote the words, and why no model did although one is configured. */
  words: { source: 'model' | 'computed'; reason: string | null };
}

export interface Decision extends DecisionWords {
  decision_id: string;
  org_id: string;
  created_by: string;
  created_at: string;
  /** As it came, with the keys that no rule knows. */
  context: Record<string, unknown>;
  decision: Verdict;
  analysis: DecisionAnalysis;
  model: string;
  predictions: Predictions;
  outcome: Outcome | null;
}

/** What a list shows. */
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
