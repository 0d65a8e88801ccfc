import type { Assessment } from '../engine/analysis.js';
import { PHASES, type PhaseName } from './phases.js';
import { activitiesOf, activitiesUntilApproval } from './plan-activities.js';

/** A span of whole days, both ends included. */
export interface Phase {
  phase: PhaseName;
  duration_days: number;
  /** `YYYY-MM-DD`, UTC. */
  start_date: string;
  end_date: string;
  /** Days times people. */
  effort_person_days: number;
  activities: string[];
}

const DAY_MS = 86_400_000;
const DEPLOYMENT_SHARE = 0.2;

/**
 * Phases that follow each other without a gap and are together exactly as long as the estimate. Planning takes 10 % to 30 % of
 * the days as complexity grows (20 % at 5), deployment 20 %, development the rest. What is not approved gets one phase: the
 * work that an approval still takes, as long as the planning would be.
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

/** Whole days by largest remainder; each phase gets one day at least as long as there are enough. */
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
