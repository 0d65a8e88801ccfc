import { exact, round } from './rounding.js';

/** Figures of the estimates as they are. Null has its reason in `reason`. */
export interface Returns {
  roi_percent: number | null;
  monthly_roi_percent: number | null;
  payback_months: number | null;
  profit: number | null;
  reason: string | null;
}

export interface Estimates {
  cost: number;
  revenue: number;
  days: number;
}

export const DAYS_OF_A_MONTH = 30;

/** The months over which the revenue comes: at least one. */
export function monthsOf(days: number): number {
  return Math.max(days / DAYS_OF_A_MONTH, 1);
}

/** ROI in percent as the rule compares it: infinite when something is earned and nothing spent. */
export function roiOf({ cost, revenue }: Pick<Estimates, 'cost' | 'revenue'>): number {
  if (cost === 0) return revenue > 0 ? Infinity : 0;
  return exact(((revenue - cost) / cost) * 100);
}

/** Months until the cost has come back, `cost / (revenue / months)`; infinite when it never does. */
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
