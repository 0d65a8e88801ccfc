import type { Priority } from './priority.js';

/** Best first. */
export const VERDICTS = ['APPROVE_IMMEDIATE', 'APPROVE_SCHEDULED', 'APPROVE_CONDITIONAL', 'DEFER_OR_REJECT'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** ROI in percent must be above, risk (0..1) below; only urgent ones (critical, high) reach the first two. */
export const RULES: readonly { verdict: Verdict; urgent: boolean; roi_above: number; risk_below: number }[] = [
  { verdict: 'APPROVE_IMMEDIATE', urgent: true, roi_above: 200, risk_below: 0.3 },
  { verdict: 'APPROVE_SCHEDULED', urgent: true, roi_above: 100, risk_below: 0.5 },
  { verdict: 'APPROVE_CONDITIONAL', urgent: false, roi_above: 50, risk_below: 0.7 },
];

/** @param roi in percent; null when it is not known, and then nothing is approved. */
export function verdictOf(priority: Priority, roi: number | null, risk: number): Verdict {
  const isUrgent = priority === 'critical' || priority === 'high';
  const rule = RULES.find(
    ({ urgent, roi_above, risk_below }) =>
      (isUrgent || !urgent) && roi !== null && roi > roi_above && risk < risk_below,
  );
  return rule?.verdict ?? 'DEFER_OR_REJECT';
}
