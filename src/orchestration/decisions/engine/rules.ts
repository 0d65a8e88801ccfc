import type { PartnerImpactDto } from '../decision.dto.js';
import type { DecisionReturnsDto, DecisionRiskDto, Priority, Verdict } from '../figures.dto.js';
import type { DecisionInputs, NeededPartner } from '../decision-context.js';
import type { PartnerHealthView } from '../../partnerships/partnerships.service.js';

/** Above this a number has no decimals left to round. */
const WHOLE = 2 ** 53;

/** Rounds half up and preserves order: a ≤ b implies round(a) ≤ round(b). */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  return Math.abs(scaled) < WHOLE ? Math.round(scaled) / scale + 0 : value;
}

/** For figures that a rule compares with a threshold: 0.1 + 0.2 becomes 0.3. */
export const exact = (value: number): number => round(value, 6);

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Priority[];

/** The thresholds are exclusive. */
export function priorityOf({
  revenue_impact,
  customer_impact,
  operational_impact,
}: Pick<DecisionInputs, 'revenue_impact' | 'customer_impact' | 'operational_impact'>): Priority {
  if (revenue_impact > 1_000_000) return 'critical';
  if (customer_impact > 10_000) return 'high';
  return operational_impact > 100 ? 'medium' : 'low';
}

export type { Priority, Verdict } from '../figures.dto.js';
export type Risk = DecisionRiskDto;

type RiskInputs = Pick<
  DecisionInputs,
  'technical_complexity' | 'market_uncertainty' | 'resource_availability' | 'timeline_pressure'
>;

export function riskOf(inputs: RiskInputs, partnership: number): Risk {
  const technical = exact(inputs.technical_complexity / 10);
  const market = exact(inputs.market_uncertainty / 10);
  const resource = exact(1 - inputs.resource_availability / 10);
  const timeline = exact(inputs.timeline_pressure / 10);
  const mean = exact((technical + market + resource + timeline) / 4);
  return {
    technical,
    market,
    resource,
    timeline,
    mean,
    partnership,
    overall: exact(1 - (1 - mean) * (1 - partnership)),
  };
}

export type Returns = DecisionReturnsDto;

export interface Estimates {
  cost: number;
  revenue: number;
  days: number;
}

export const DAYS_OF_A_MONTH = 30;

/** The months over which the revenue arrives: at least one. */
export function monthsOf(days: number): number {
  return Math.max(days / DAYS_OF_A_MONTH, 1);
}

/** ROI in percent as the rules compare it: infinite when there is revenue without cost. */
export function roiOf({ cost, revenue }: Pick<Estimates, 'cost' | 'revenue'>): number {
  if (cost === 0) return revenue > 0 ? Infinity : 0;
  return exact(((revenue - cost) / cost) * 100);
}

/** Months until the revenue covers the cost, `cost / (revenue / months)`; infinite without revenue. */
export function paybackOf({ cost, revenue, days }: Estimates): number {
  if (cost === 0) return 0;
  return revenue === 0 ? Infinity : round((cost / revenue) * monthsOf(days), 4);
}

export function returnsOf(estimates: Estimates): Returns {
  const roi = roiOf(estimates);
  const payback = paybackOf(estimates);
  return {
    roi_percent: finite(roi),
    monthly_roi_percent: finite(round(roi / monthsOf(estimates.days), 4)),
    payback_months: finite(payback),
    profit: round(estimates.revenue - estimates.cost, 2),
    reason: reasonOf(roi, payback),
  };
}

export const unknownReturns = (missing: readonly string[]): Returns => ({
  roi_percent: null,
  monthly_roi_percent: null,
  payback_months: null,
  profit: null,
  reason: `not known without ${missing.join(' and ')}`,
});

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function reasonOf(roi: number, payback: number): string | null {
  if (!Number.isFinite(roi)) return 'nothing is spent, so a return in percent of the cost does not exist';
  return Number.isFinite(payback) ? null : 'without revenue the cost never comes back';
}

/** Best first. */
export const VERDICTS = [
  'APPROVE_IMMEDIATE',
  'APPROVE_SCHEDULED',
  'APPROVE_CONDITIONAL',
  'DEFER_OR_REJECT',
] as const satisfies readonly Verdict[];

/** ROI in percent must exceed `roi_above` and risk (0..1) be below `risk_below`; `urgent` rules need priority critical or high. */
export const RULES: readonly { verdict: Verdict; urgent: boolean; roi_above: number; risk_below: number }[] = [
  { verdict: 'APPROVE_IMMEDIATE', urgent: true, roi_above: 200, risk_below: 0.3 },
  { verdict: 'APPROVE_SCHEDULED', urgent: true, roi_above: 100, risk_below: 0.5 },
  { verdict: 'APPROVE_CONDITIONAL', urgent: false, roi_above: 50, risk_below: 0.7 },
];

/** @param roi in percent; null when unknown, which approves nothing */
export function verdictOf(priority: Priority, roi: number | null, risk: number): Verdict {
  const isUrgent = priority === 'critical' || priority === 'high';
  const rule = RULES.find(
    ({ urgent, roi_above, risk_below }) =>
      (isUrgent || !urgent) && roi !== null && roi > roi_above && risk < risk_below,
  );
  return rule?.verdict ?? 'DEFER_OR_REJECT';
}

/** A partner with at least this score is good and adds no risk. */
const GOOD_SCORE = 75;
/** The risk that a partner with a score of 0 adds. A choice, see docs/decisions.md. */
const HEAVIEST = 0.25;

export type PartnerImpact = PartnerImpactDto;

/** The risk that each needed partner adds. @param known partners by id; a missing id is an unknown partner */
export function partnershipImpact(
  needed: readonly NeededPartner[],
  known: ReadonlyMap<string, PartnerHealthView>,
): PartnerImpact[] {
  return needed.map(({ id, because }) => {
    const partner = known.get(id);
    const { name = null, health = 'unknown', score = null } = partner ?? {};
    return { id, name, because, health, score, ...effectOf(partner) };
  });
}

/** The largest addition counts, so that another partner never lowers the risk. */
export function partnershipRisk(impacts: readonly PartnerImpact[]): number {
  return Math.max(0, ...impacts.map(({ risk_added }) => risk_added));
}

function effectOf(partner: PartnerHealthView | undefined): Pick<PartnerImpact, 'risk_added' | 'note'> {
  if (!partner) return { risk_added: 0, note: 'no partnership with this id: nothing is known of it' };
  if (!partner.enabled) return { risk_added: HEAVIEST, note: 'switched off: counts as a partner with a score of 0' };
  if (partner.score === null) return { risk_added: 0, note: 'not measured yet: enters no figure' };
  const lack = Math.max(0, GOOD_SCORE - partner.score) / GOOD_SCORE;
  const risk_added = Math.min(HEAVIEST, exact(HEAVIEST * lack));
  const note = risk_added === 0 ? 'good enough to add no risk' : `${partner.health}: adds risk`;
  return { risk_added, note };
}
