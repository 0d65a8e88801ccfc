/** What an organization has now, updated in the same transaction as the change. */
export const GAUGE_NAMES = [
  'agents_running',
  'agents_building',
  'agents_offline',
  'agents_error',
  /** Grows only: builds that were ever started, running ones among them. */
  'builds_started',
] as const;

export type GaugeName = (typeof GAUGE_NAMES)[number];

export type GaugeChanges = Partial<Record<GaugeName, number>>;
