import type { Assessment } from '../engine/analysis.js';
import { percent, phrase, text } from './number-text.js';

/** From here on a risk wants an answer. */
const HIGH_RISK = 0.5;
const SAFE_PROBABILITY = 0.8;

const AGAINST = {
  technical: 'prove the hardest part with a prototype before the rest is built',
  resource: 'secure people and means before the start, or start later',
  timeline: 'cut the scope to what the date allows, or move the date',
  market: 'test the demand with a small offer before the full spending',
} as const;

/** One line for each thing that the numbers warn of; none when they do not. */
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
