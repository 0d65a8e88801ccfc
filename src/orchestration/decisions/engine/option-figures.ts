import type { RankedOption } from './analysis.js';
import type { Priority } from './priority.js';
import type { Percentiles } from './quantiles.js';
import type { Verdict } from './verdict.js';

/** What an option is compared by. */
export interface OptionFigures {
  rank: number;
  alternative: number | null;
  name: string;
  decision: Verdict;
  priority: Priority;
  risk: number;
  roi_percent: number | null;
  payback_months: number | null;
  probability_roi_positive: number | null;
  roi_percentiles: Percentiles | null;
  estimated_cost: number | null;
  expected_revenue: number | null;
  missing_inputs: string[];
  assumed_inputs: Record<string, number>;
}

export function optionFigures({ rank, alternative, name, assessment }: RankedOption): OptionFigures {
  const { decision, priority, risk, returns, simulation, inputs, missing_inputs, assumed_inputs } = assessment;
  return {
    rank,
    alternative,
    name,
    decision,
    priority,
    risk: risk.overall,
    roi_percent: returns.roi_percent,
    payback_months: returns.payback_months,
    probability_roi_positive: simulation?.probability_roi_positive ?? null,
    roi_percentiles: simulation?.roi_percent ?? null,
    estimated_cost: inputs.estimated_cost,
    expected_revenue: inputs.expected_revenue,
    missing_inputs,
    assumed_inputs,
  };
}
