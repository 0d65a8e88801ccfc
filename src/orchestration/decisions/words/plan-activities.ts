import type { Assessment } from '../engine/analysis.js';
import { RULES } from '../engine/verdict.js';
import { counted, listed, phrase, text } from './number-text.js';
import type { PHASES } from './phases.js';

/** The risk that is hardest on the plan, as it is called. */
function hardestRisk({ risk }: Assessment): { name: string; value: number } {
  const [first = ['technical', 0] as const] = (['technical', 'resource', 'timeline', 'market'] as const)
    .map((name) => [name, risk[name]] as const)
    .sort(([, a], [, b]) => b - a);
  return { name: first[0], value: first[1] };
}

/** What is done in a phase; three things, scaled to the team and to what the numbers single out. */
export function activitiesOf(phase: (typeof PHASES)[number], assessment: Assessment): string[] {
  const { inputs, sensitivity, partnerships } = assessment;
  const hardest = hardestRisk(assessment);
  const team = counted(inputs.team_members, 'person').replace('persons', 'people');
  const most = sensitivity?.moves_roi_most;
  switch (phase) {
    case 'Planning':
      return [
        `Agree on scope and responsibilities with ${team}`,
        `Lower the ${hardest.name} risk, the highest of the four at ${text(hardest.value)}`,
        most
          ? `Check ${phrase(most)} once more: it moves the return the most`
          : 'Check the estimates of cost and revenue once more',
      ];
    case 'Development':
      return [
        inputs.complexity_score > 7
          ? 'Build in steps that each can be shown and taken back'
          : 'Build and review in short rounds',
        `Compare what is spent with the estimated cost of ${text(inputs.estimated_cost ?? 0)} every week`,
        partnerships.length > 0
          ? `Coordinate with ${listed(partnerships.map(({ id, name }) => name ?? id))}`
          : 'Test against what was agreed in planning',
      ];
    case 'Deployment':
      return [
        inputs.customer_impact > 10_000 ? 'Release to a small share of the customers first' : 'Release',
        `Measure revenue against the expected ${text(inputs.expected_revenue ?? 0)}`,
        'Record the outcome of this decision, so that the next ones know',
      ];
  }
}

/** What is still in the way of the mildest approval. */
export function activitiesUntilApproval({ missing_inputs, returns, risk, inputs }: Assessment): string[] {
  const mildest = RULES.at(-1) ?? { roi_above: 0, risk_below: 1 };
  const { estimated_cost: cost, expected_revenue: revenue } = inputs;
  const activities = missing_inputs.map((name) => `Find out the ${phrase(name)}`);
  if (cost !== null && revenue !== null && cost > 0 && (returns.roi_percent ?? 0) <= mildest.roi_above)
    activities.push(
      `Bring the cost below ${text(revenue / (1 + mildest.roi_above / 100))} or the revenue above ` +
        `${text(cost * (1 + mildest.roi_above / 100))}: a return above ${mildest.roi_above} % is needed`,
    );
  if (cost === 0 && revenue === 0) activities.push('Find out what there is to be gained');
  if (risk.overall >= mildest.risk_below)
    activities.push(`Bring the risk from ${text(risk.overall)} below ${mildest.risk_below}`);
  return activities;
}
