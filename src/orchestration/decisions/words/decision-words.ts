import type { Analysis } from '../engine/analysis.js';
import { type Phase, implementationPlan } from './implementation-plan.js';
import { rationale } from './rationale.js';
import { riskMitigation } from './risk-mitigation.js';
import { successMetrics } from './success-metrics.js';

export const COMPUTED_MODEL = 'nexus/computed';

/** What people read of a decision. Phases, days and dates are computed in any case. */
export interface DecisionWords {
  rationale: string;
  implementation_plan: Phase[];
  success_metrics: string[];
  risk_mitigation: string[];
}

/** Words that follow from the numbers alone. */
export function computedWords(analysis: Analysis, today: Date): DecisionWords {
  const plan = implementationPlan(analysis.assessment, today);
  return {
    rationale: rationale(analysis),
    implementation_plan: plan,
    success_metrics: successMetrics(analysis.assessment, plan),
    risk_mitigation: riskMitigation(analysis.assessment),
  };
}
