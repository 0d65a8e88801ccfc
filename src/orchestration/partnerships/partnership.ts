export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];
export type Direction = 'higher' | 'lower';

/** How a partner is measured: by the runs of agents that it stands behind, by asking it whether it is up, or both. */
export interface Probe {
  agent_ids: string[];
  health_url: string | null;
  interval_seconds: number;
  timeout_ms: number;
}

/** What a business metric of this name should reach. */
export interface SuccessMetric {
  name: string;
  target: number;
  unit: string;
  direction: Direction;
}

export interface Deliverable {
  name: string;
  /** 0-100 */
  progress: number;
  status: string;
  due_date?: string;
  last_updated: string;
}

/** A standing relation with one AI partner that the organisation relies on for a purpose. */
export interface Partnership {
  org_id: string;
  id: string;
  name: string;
  partnership_type: string;
  ai_partner: string;
  our_role: string;
  partner_role: string;
  enabled: boolean;
  priority: Priority;
  probe: Probe;
  success_metrics: SuccessMetric[];
  deliverables: Deliverable[];
  created_at: string;
  updated_at: string;
  /** Counts the changes; a change names the one that it was made on. */
  revision: number;
}

/** One pushed value of a business metric. */
export interface Point {
  value: number;
  measured_at: string;
}

/** What was pushed, by metric, oldest first. */
export type PushedMetrics = Record<string, Point[]>;

/** What is known of the last look at a partner. */
export interface Watch {
  org_id: string;
  id: string;
  /** Tells this partnership from a deleted one that had the same id. */
  created_at: string;
  health_url: string | null;
  interval_seconds: number;
  timeout_ms: number;
  /** When the next look is due, and while someone looks: when he is given up. Missing while nothing is to be watched. */
  due_at?: string;
  /** Who looks at the moment. */
  lease?: string;
  /** Of the last answer to a probe. */
  up?: boolean;
  reason?: string;
  probed_at?: string;
  /** The health that was last noted in the audit log. */
  health?: string;
}

export const DEFAULT_PROBE: Probe = { agent_ids: [], health_url: null, interval_seconds: 30, timeout_ms: 5_000 };

export const isMeasured = ({ enabled, probe }: Partnership): boolean =>
  enabled && (probe.health_url !== null || probe.agent_ids.length > 0);
