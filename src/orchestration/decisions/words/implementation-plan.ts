import type { PhaseName, PlanPhaseDto } from '../decision.dto.js';
import type { Assessment } from '../engine/decision-engine.js';
import { RULES } from '../engine/rules.js';

const FORMATS = [0, 1, 2].map((maximumFractionDigits) => new Intl.NumberFormat('en-US', { maximumFractionDigits }));

/** Formats a number with separators and at most two decimals: 1,234.5. */
export function text(value: number, digits: 0 | 1 | 2 = 2): string {
  return FORMATS[digits]?.format(value) ?? String(value);
}

/** A share of 1 as a percentage: 0.275 is "27.5 %". */
export const percent = (share: number): string => `${text(share * 100, 1)} %`;

/** "1 day", "2 days". */
export const counted = (count: number, noun: string): string => `${text(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** An input's key as a phrase: `estimated_cost` is "estimated cost". */
export const phrase = (key: string): string => key.replaceAll('_', ' ');

/** The phases of an approved decision, in order. */
export const PHASES = ['Planning', 'Development', 'Deployment'] as const;

export type Phase = PlanPhaseDto;

const DAY_MS = 86_400_000;
const DEPLOYMENT_SHARE = 0.2;

/**
 * Plans consecutive phases that add up to the estimated days. Planning takes 10 % to 30 % of the days as complexity grows (20 %
 * at 5), deployment 20 %, development the rest. A decision that is not approved gets one phase as long as its planning, with
 * the work that an approval still needs.
 * @param today the first day
 */
export function implementationPlan(assessment: Assessment, today: Date): Phase[] {
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

/** The steps that are missing for the mildest approval. */
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
