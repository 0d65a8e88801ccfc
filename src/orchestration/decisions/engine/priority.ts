import type { DecisionInputs } from '../context/decision-context.js';

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The contract's thresholds; a value exactly on one is not above it. */
export function priorityOf({
  revenue_impact,
  customer_impact,
  operational_impact,
}: Pick<DecisionInputs, 'revenue_impact' | 'customer_impact' | 'operational_impact'>): Priority {
  if (revenue_impact > 1_000_000) return 'critical';
  if (customer_impact > 10_000) return 'high';
  return operational_impact > 100 ? 'medium' : 'low';
}
