import type { Assessment } from '../engine/analysis.js';
import type { Phase } from './implementation-plan.js';
import { counted, percent, phrase, text } from './number-text.js';

/** What will show whether the decision was right; each can be measured and comes from the estimates. */
export function successMetrics(
  { returns, simulation, inputs, missing_inputs }: Assessment,
  plan: readonly Phase[],
): string[] {
  const { estimated_cost: cost, expected_revenue: revenue, budget } = inputs;
  if (cost === null || revenue === null)
    return missing_inputs.map((name) => `The ${phrase(name)} is known and can be defended`);
  const metrics = [`Revenue of at least ${text(revenue)}`];
  if (returns.roi_percent !== null && returns.payback_months !== null)
    metrics.push(
      `Return of at least ${text(returns.roi_percent, 1)} % within ` +
        counted(Number(returns.payback_months.toFixed(1)), 'month'),
    );
  const bad = simulation?.roi_percent?.p10;
  if (bad !== undefined && simulation && simulation.draws > 0)
    metrics.push(`Return not below ${text(bad, 1)} %, its bad case (one in ten)`);
  metrics.push(`Cost of at most ${text(budget === null ? cost : Math.min(budget, cost))}`);
  metrics.push(`Finished by ${plan.at(-1)?.end_date ?? ''}, after ${counted(inputs.estimated_days, 'day')}`);
  if (simulation && simulation.draws > 0)
    metrics.push(`Outcome recorded: success was predicted with ${percent(simulation.probability_roi_positive)}`);
  return metrics;
}
