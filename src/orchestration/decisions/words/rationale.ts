import type { Analysis, Assessment } from '../engine/analysis.js';
import { counted, listed, percent, phrase, text } from './number-text.js';

/** Why the numbers lead to the decision, in sentences. */
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
