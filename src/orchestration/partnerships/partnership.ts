export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];
export type Direction = 'higher' | 'lower';

/** How a partner is measured: by the runs of its agents, by polling its health address, or both. */
export interface Probe {
  agent_ids: string[];
  health_url: string | null;
  interval_seconds: number;
  timeout_ms: number;
}

/** The target of a business metric. */
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

/** A standing relation with one AI partner that the organization relies on for a purpose. */
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
  /** Incremented by each change; a change can require a revision. */
  revision: number;
}

/** One pushed value of a business metric. */
export interface Point {
  value: number;
  measured_at: string;
}

/** Pushed values by metric, oldest first. */
export type PushedMetrics = Record<string, Point[]>;

/** The schedule, the lease and the last result of the probe of a partner. */
export interface Watch {
  org_id: string;
  id: string;
  /** Distinguishes this partnership from a deleted one with the same id. */
  created_at: string;
  health_url: string | null;
  interval_seconds: number;
  timeout_ms: number;
  /** When the next probe is due; while one runs, when its lease expires. Absent if nothing is to be probed. */
  due_at?: string;
  /** Id of the running probe. */
  lease?: string;
  /** Result of the last probe. */
  up?: boolean;
  reason?: string;
  probed_at?: string;
  /** The last audited health. */
  health?: string;
}

export const DEFAULT_PROBE: Probe = { agent_ids: [], health_url: null, interval_seconds: 30, timeout_ms: 5_000 };

export const isMeasured = ({ enabled, probe }: Partnership): boolean =>
  enabled && (probe.health_url !== null || probe.agent_ids.length > 0);

type Seed = Pick<
  Partnership,
  'id' | 'name' | 'partnership_type' | 'ai_partner' | 'our_role' | 'partner_role' | 'priority'
> & { deliverables: string[]; affected_by: string[] };

const SEEDS: Seed[] = [
  {
    id: 'cursor_technical',
    name: 'Technical Excellence',
    partnership_type: 'technical_excellence',
    ai_partner: 'Cursor',
    our_role: 'Sets the architecture, reviews what is built',
    partner_role: 'Writes and improves code',
    priority: 'high',
    affected_by: ['technical'],
    deliverables: ['microservices', 'personalisation_engine', 'payments', 'mobile_platform'],
  },
  {
    id: 'grok_brand',
    name: 'Brand Amplification',
    partnership_type: 'brand_amplification',
    ai_partner: 'Grok',
    our_role: 'Sets the positioning, approves what is published',
    partner_role: 'Finds trends and amplifies the brand',
    priority: 'medium',
    affected_by: ['brand'],
    deliverables: ['positioning', 'content_library', 'influencers', 'social_commerce'],
  },
  {
    id: 'claude_strategic',
    name: 'Strategy',
    partnership_type: 'strategy',
    ai_partner: 'Claude',
    our_role: 'Sets the goals, takes the decisions',
    partner_role: 'Analyses, weighs and plans',
    priority: 'high',
    affected_by: ['strategic', 'strategy'],
    deliverables: ['strategic_plan', 'decision_reviews', 'risk_register'],
  },
  {
    id: 'perplexity_research',
    name: 'Research',
    partnership_type: 'research',
    ai_partner: 'Perplexity',
    our_role: 'Asks the questions, checks the sources',
    partner_role: 'Researches markets, competitors and technology',
    priority: 'medium',
    affected_by: ['research'],
    deliverables: ['market_research', 'competitor_watch', 'technology_radar'],
  },
];

/** The partnership that a decision with `affects_<word>` concerns, by the word: one of the four that every organization starts with. */
export const PARTNERS_BY_WORD: ReadonlyMap<string, string> = new Map(
  SEEDS.flatMap(({ id, affected_by }) => affected_by.map((word) => [word, id] as const)),
);

/** The four partnerships that every organization starts with: not linked to anything, so not measured, with deliverables at 0. */
export function defaultPartnerships(org_id: string, at: string): Partnership[] {
  return SEEDS.map(({ deliverables, affected_by: _words, ...seed }) => ({
    ...seed,
    org_id,
    enabled: true,
    probe: DEFAULT_PROBE,
    success_metrics: [],
    deliverables: deliverables.map((name) => ({ name, progress: 0, status: 'not_started', last_updated: at })),
    created_at: at,
    updated_at: at,
    revision: 1,
  }));
}

export type Health = 'excellent' | 'good' | 'fair' | 'poor' | 'unknown';
export type SystemStatus = 'healthy' | 'degraded' | 'critical' | 'unknown';

/** Tolerance for rounding when a mean is compared with a limit. */
const NOISE = 1e-9;

const clamped = (points: number): number => Math.min(100, Math.max(0, points));

export const pointsOfPercentage = (value: number): number => clamped(value);

/** 100 points at 0 ms, one less for every 10 ms. */
export const pointsOfLatency = (p95_ms: number): number => clamped(100 - p95_ms / 10);

/** @param target more than 0 */
export function pointsOfTarget(value: number, target: number, direction: Direction): number {
  if (direction === 'higher') return clamped((100 * value) / target);
  return value <= 0 ? 100 : clamped((100 * target) / value);
}

/** The mean, with one decimal; null without any. */
export function scoreOf(points: number[]): number | null {
  const mean = meanOf(points);
  return mean === null ? null : Math.round(mean * 10) / 10;
}

/**
 * Classifies a score. A partner that does not answer now is at best `fair`: the score of a long window would show the outage
 * only hours later.
 */
export function healthOf(score: number | null, isDown = false): Health {
  if (score === null) return 'unknown';
  if (score < 60) return 'poor';
  if (score < 75 || isDown) return 'fair';
  return score < 90 ? 'good' : 'excellent';
}

/** Classifies the mean of the measured partnerships. While one of them is down, the system is at best `degraded`. */
export function systemStatusOf(scores: (number | null)[], isAnyDown = false): SystemStatus {
  const mean = meanOf(scores.filter((score) => score !== null));
  if (mean === null) return 'unknown';
  if (mean < 70 - NOISE) return 'critical';
  return mean < 85 - NOISE || isAnyDown ? 'degraded' : 'healthy';
}

/** The mean progress of deliverables, with one decimal. */
export const progressOf = scoreOf;

/** Classifies the progress of deliverables; its limits differ from those of a score. */
export function progressHealthOf(progress: number | null): Health {
  if (progress === null) return 'unknown';
  if (progress < 50) return 'poor';
  if (progress < 70) return 'fair';
  return progress < 85 ? 'good' : 'excellent';
}

export function meanOf(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** One bucket of a sliding window: numbers under `total`, `successful`, `faults`, `duration_us` and of the latency histogram. */
export type Bucket = Record<string, string | number>;
