import type { PhaseName, PlanPhaseDto } from '../decision.dto.js';
import type { Assessment, Analysis } from '../engine/decision-engine.js';
import { RULES } from '../engine/rules.js';

const FORMATS = [0, 1, 2].map((maximumFractionDigits) => new Intl.NumberFormat('en-US', { maximumFractionDigits }));

/** Formats a number with separators and at most two decimals: 1,234.5. */
function text(value: number, digits: 0 | 1 | 2 = 2): string {
  return FORMATS[digits]?.format(value) ?? String(value);
}

/** A share of 1 as a percentage: 0.275 is "27.5 %". */
const percent = (share: number): string => `${text(share * 100, 1)} %`;

/** "1 day", "2 days". */
const counted = (count: number, noun: string): string => `${text(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `a`, `a and b`, `a, b and c`. */
function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** An input's key as a phrase: `estimated_cost` is "estimated cost". */
const phrase = (key: string): string => key.replaceAll('_', ' ');

/** The phases of an approved decision, in order. */
const PHASES = ['Planning', 'Development', 'Deployment'] as const;

type Phase = PlanPhaseDto;

const DAY_MS = 86_400_000;
const DEPLOYMENT_SHARE = 0.2;

/**
 * Plans consecutive phases that add up to the estimated days. Planning takes 10 % to 30 % of the days as complexity grows (20 %
 * at 5), deployment 20 %, development the rest. A decision that is not approved gets one phase as long as its planning, with
 * the work that an approval still needs.
 * @param today the first day
 */
function implementationPlan(assessment: Assessment, today: Date): Phase[] {
  const { decision, inputs } = assessment;
  const days = phaseDays(inputs.estimated_days, inputs.complexity_score);
  const spans: { phase: PhaseName; days: number; activities: string[] }[] =
    decision === 'DEFER_OR_REJECT'
      ? [{ phase: 'Reconsideration', days: Math.max(1, days[0] ?? 1), activities: activitiesUntilApproval(assessment) }]
      : PHASES.map((phase, index) => ({
          phase,
          days: days[index] ?? 0,
          activities: activitiesOf(phase, assessment),
        })).filter((span) => span.days > 0);
  let start = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate());
  return spans.map(({ phase, days: duration_days, activities }) => {
    const next = start + duration_days * DAY_MS;
    const span = { start_date: dateOf(start), end_date: dateOf(next - DAY_MS) };
    start = next;
    return { phase, duration_days, ...span, effort_person_days: duration_days * inputs.team_members, activities };
  });
}

/** Splits whole days by largest remainder; each phase gets at least one day if there are enough. */
export function phaseDays(total: number, complexity: number): number[] {
  const planning = 0.1 + 0.02 * complexity;
  const shares = [planning, 1 - planning - DEPLOYMENT_SHARE, DEPLOYMENT_SHARE];
  const least = total >= shares.length ? 1 : 0;
  const free = total - least * shares.length;
  const ideal = shares.map((share) => Math.max(0, share * total - least));
  const scale = free / ideal.reduce((sum, one) => sum + one, 0);
  const scaled = ideal.map((one) => Number((one * scale).toFixed(9)));
  const whole = scaled.map((one) => Math.floor(one));
  const order = scaled.map((one, index) => ({ index, rest: one - Math.floor(one) })).sort((a, b) => b.rest - a.rest);
  const left = free - whole.reduce((sum, one) => sum + one, 0);
  for (const { index } of order.slice(0, left)) whole[index] = (whole[index] ?? 0) + 1;
  return whole.map((one) => one + least);
}

function dateOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** The name and value of the highest risk. */
function hardestRisk({ risk }: Assessment): { name: string; value: number } {
  const [first = ['technical', 0] as const] = (['technical', 'resource', 'timeline', 'market'] as const)
    .map((name) => [name, risk[name]] as const)
    .sort(([, a], [, b]) => b - a);
  return { name: first[0], value: first[1] };
}

/** Three activities of a phase, scaled to the team and to the notable numbers. */
function activitiesOf(phase: (typeof PHASES)[number], assessment: Assessment): string[] {
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

/** The steps that are missing for the mildest approval. */
function activitiesUntilApproval({ missing_inputs, returns, risk, inputs }: Assessment): string[] {
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
