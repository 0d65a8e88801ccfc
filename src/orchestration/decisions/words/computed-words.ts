import type { Analysis, Assessment } from '../engine/decision-engine.js';
import { type Phase, implementationPlan, counted, listed, percent, phrase, text } from './implementation-plan.js';

export const COMPUTED_MODEL = 'nexus/computed';

/** The texts of a decision. Phases, days and dates are always computed. */
export interface DecisionWords {
  rationale: string;
  implementation_plan: Phase[];
  success_metrics: string[];
  risk_mitigation: string[];
}

/** Derives the words from the numbers alone. */
export function computedWords(analysis: Analysis, today: Date): DecisionWords {
  const plan = implementationPlan(analysis.assessment, today);
  return {
    rationale: rationale(analysis),
    implementation_plan: plan,
    success_metrics: successMetrics(analysis.assessment, plan),
    risk_mitigation: riskMitigation(analysis.assessment),
  };
}

/** Explains in sentences why the numbers lead to the decision. */
export function rationale({ assessment, ranking }: Analysis): string {
  return [
    verdictSentence(assessment),
    returnSentence(assessment),
    uncertaintySentence(assessment),
    partnersSentence(assessment),
    budgetSentence(assessment),
    assumptionsSentence(assessment),
    rankingSentence(ranking),
  ]
    .filter((sentence) => sentence !== null)
    .join(' ');
}

function verdictSentence({ decision, priority, risk, missing_inputs }: Assessment): string {
  if (missing_inputs.length > 0)
    return `${decision}: nothing is approved without the ${listed(missing_inputs.map(phrase))}.`;
  return `${decision}: the priority is ${priority} and the risk ${text(risk.overall)} of 1.`;
}

function returnSentence({ returns, inputs }: Assessment): string | null {
  const { roi_percent, payback_months, profit } = returns;
  if (profit === null) return null;
  if (roi_percent === null) return `Nothing is spent for an expected revenue of ${text(inputs.expected_revenue ?? 0)}.`;
  const back =
    payback_months === null
      ? 'the cost never comes back'
      : `the cost comes back in ${counted(Number(payback_months.toFixed(1)), 'month')}`;
  return `The expected return is ${text(roi_percent, 1)} % of the cost; ${back}.`;
}

function uncertaintySentence({ simulation, sensitivity }: Assessment): string | null {
  if (!simulation?.roi_percent) return null;
  const { p10, p90 } = simulation.roi_percent;
  const most = sensitivity?.moves_roi_most;
  return (
    `It is positive with a probability of ${percent(simulation.probability_roi_positive)}, ` +
    `in eight of ten cases between ${text(p10, 1)} % and ${text(p90, 1)} %` +
    `${most ? `; the ${phrase(most)} moves it the most` : ''}.`
  );
}

function partnersSentence({ partnerships, risk }: Assessment): string | null {
  const weak = partnerships.filter(({ risk_added }) => risk_added > 0);
  if (weak.length === 0) return null;
  const names = weak.map(({ id, name, score }) => `${name ?? id}${score === null ? '' : ` (score ${text(score, 1)})`}`);
  return `It leans on ${listed(names)}, which raises the risk from ${text(risk.mean)} to ${text(risk.overall)}.`;
}

function budgetSentence({ inputs, simulation }: Assessment): string | null {
  const { budget, estimated_cost: cost } = inputs;
  if (budget === null || cost === null) return null;
  const over = cost - budget;
  const chance = simulation?.probability_within_budget;
  const probability = chance == null ? '' : ` and stays within it with a probability of ${percent(chance)}`;
  return over > 0
    ? `The estimated cost is ${text(over)} over the budget of ${text(budget)}${probability}.`
    : `The estimated cost is within the budget of ${text(budget)}${probability}.`;
}

function assumptionsSentence({ assumed_inputs }: Assessment): string | null {
  const assumed = Object.entries(assumed_inputs).map(([name, value]) => `${phrase(name)} ${text(value)}`);
  return assumed.length === 0 ? null : `Not given and assumed: ${listed(assumed)}.`;
}

function rankingSentence([best, second]: Analysis['ranking']): string | null {
  if (!best || !second) return null;
  return `Of ${best.alternative === null ? 'all ways that were compared the context itself' : `all ways that were compared "${best.name}"`} comes first, before ${second.alternative === null ? 'the context itself' : `"${second.name}"`}.`;
}

/** Measurable criteria, from the estimates, that will show whether the decision was right. */
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

/** A risk above this needs a mitigation. */
const HIGH_RISK = 0.5;
const SAFE_PROBABILITY = 0.8;

const AGAINST = {
  technical: 'prove the hardest part with a prototype before the rest is built',
  resource: 'secure people and means before the start, or start later',
  timeline: 'cut the scope to what the date allows, or move the date',
  market: 'test the demand with a small offer before the full spending',
} as const;

/** One line for each warning in the numbers. */
export function riskMitigation(assessment: Assessment): string[] {
  const { risk } = assessment;
  const names = ['technical', 'resource', 'timeline', 'market'] as const;
  const risks = names
    .filter((name) => risk[name] > HIGH_RISK)
    .map((name) => `${name} risk ${text(risk[name])}: ${AGAINST[name]}`);
  return [...risks, ...partnerLines(assessment), ...moneyLines(assessment)];
}

function partnerLines({ partnerships }: Assessment): string[] {
  return partnerships.flatMap(({ id, name, risk_added, health, score }) => {
    const who = name ?? id;
    if (risk_added > 0)
      return [
        `Partner ${who}${score === null ? '' : ` (score ${text(score, 1)})`}: have another way ready, or mend it first`,
      ];
    return health === 'unknown' ? [`Partner ${who}: measure how it does before leaning on it`] : [];
  });
}

function moneyLines({ inputs, simulation, sensitivity }: Assessment): string[] {
  const { budget, estimated_cost: cost } = inputs;
  const lines: string[] = [];
  if (budget !== null && cost !== null && cost > budget)
    lines.push(`Cost ${text(cost - budget)} over budget: find the money or cut the scope before the start`);
  if (!simulation || simulation.draws === 0) return lines;
  const { probability_roi_positive: win, probability_within_budget: within } = simulation;
  if (within !== null && cost !== null && budget !== null && cost <= budget && within < SAFE_PROBABILITY)
    lines.push(`Budget: the cost stays within it with ${percent(within)} only; agree on a reserve`);
  if (win < SAFE_PROBABILITY)
    lines.push(`Loss: probability ${percent(1 - win)}; spend in stages and stop when the figures do not come`);
  const falls = sensitivity?.inputs.find(
    ({ decision_at_low, decision_at_high }) => decision_at_low !== decision_at_high,
  );
  if (falls)
    lines.push(
      `${phrase(falls.input)}: between ${text(falls.low)} and ${text(falls.high)} the decision changes ` +
        `from ${falls.decision_at_low} to ${falls.decision_at_high}; watch it first`,
    );
  return lines;
}
