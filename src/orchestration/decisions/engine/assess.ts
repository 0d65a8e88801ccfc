import type { DecisionContext } from '../context/decision-context.js';
import type { PartnerHealthView } from '../partner-health.port.js';
import type { Assessment } from './analysis.js';
import { partnershipImpact, partnershipRisk } from './partnership-impact.js';
import { priorityOf } from './priority.js';
import type { Seed } from './random.js';
import { type Estimates, returnsOf, roiOf, unknownReturns } from './returns.js';
import { riskOf } from './risk.js';
import { sensitivityOf } from './sensitivity.js';
import { simulate } from './simulation.js';
import { spreadOf } from './spread.js';
import { verdictOf } from './verdict.js';

/** The whole arithmetic of one context; pure, about a millisecond. */
export function assess(
  context: DecisionContext,
  partners: ReadonlyMap<string, PartnerHealthView>,
  seed: Seed,
): Assessment {
  const { inputs, assumed, missing } = context;
  const partnerships = partnershipImpact(context.partners, partners);
  const risk = riskOf(inputs, partnershipRisk(partnerships));
  const priority = priorityOf(inputs);
  const known = { priority, inputs, assumed_inputs: assumed, missing_inputs: missing, risk, partnerships };
  const estimates = estimatesOf(context);
  if (!estimates) {
    const decision = verdictOf(priority, null, risk.overall);
    return { ...known, decision, returns: unknownReturns(missing), simulation: null, sensitivity: null };
  }
  const spread = spreadOf(risk);
  const verdict = (roi: number) => verdictOf(priority, roi, risk.overall);
  return {
    ...known,
    decision: verdict(roiOf(estimates)),
    returns: returnsOf(estimates),
    simulation: simulate(estimates, spread, inputs.budget, seed),
    sensitivity: sensitivityOf(estimates, spread, verdict),
  };
}

function estimatesOf({ inputs }: DecisionContext): Estimates | null {
  const { estimated_cost: cost, expected_revenue: revenue, estimated_days: days } = inputs;
  return cost === null || revenue === null ? null : { cost, revenue, days };
}
