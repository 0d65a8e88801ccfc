import type { Window } from '../../statistics/window.js';
import {
  type Health,
  healthOf,
  meanOf,
  scoreOf,
  type SystemStatus,
  systemStatusOf,
  type Partnership,
  type Watch,
} from './partnership.js';
import { type Bucket, type Metrics, metricsOf } from './partnership-metrics.js';
import type { KnownOrganization, KnownPartnership } from './partnerships.repository.js';

/** Intervals without a probe after which the last result is stale. */
const STALE_INTERVALS = 3;
const PATIENCE_MS = 10_000;

/** Buckets by the name of their agent or probed address. */
export type Sources = Map<string, Bucket[]>;

export interface Reading {
  partnership: Partnership;
  watch: Watch | undefined;
  metrics: Metrics;
  score: number | null;
  health: Health;
  /** Whether the health address answers now; null if it is not polled or the last result is stale. */
  reachable: boolean | null;
  /** Why the health is unknown. */
  reason: string | undefined;
}

/** All partnerships of an organization, measured over one window. */
export interface Snapshot {
  taken_at: string;
  window: Window;
  status: SystemStatus;
  score: number | null;
  noted_status: string | undefined;
  readings: Reading[];
  types: { partnership_type: string; ids: string[]; metrics: Metrics }[];
}

export const agentSource = (agent_id: string): string => `agent ${agent_id}`;
export const urlSource = (id: string): string => `url ${id}`;

export function snapshotOf(
  { known, status: noted_status }: KnownOrganization,
  sources: Sources,
  window: Window,
  now: Date,
): Snapshot {
  const readings = known.map((one) => readingOf(one, sources, now));
  const scores = readings.map(({ score }) => score);
  const mean = meanOf(scores.filter((score) => score !== null));
  return {
    taken_at: now.toISOString(),
    window,
    status: systemStatusOf(
      scores,
      readings.some(({ reachable }) => reachable === false),
    ),
    score: mean === null ? null : Math.round(mean * 10) / 10,
    noted_status,
    readings,
    types: typesOf(known, sources),
  };
}

function readingOf(known: KnownPartnership, sources: Sources, now: Date): Reading {
  const { partnership, watch, pushed } = known;
  const metrics = metricsOf({
    partnerships: [partnership],
    buckets: bucketsOf([partnership], sources),
    pushed: [pushed],
  });
  const score = partnership.enabled ? scoreOf(metrics.points) : null;
  const reachable = reachableOf(partnership, watch, now);
  const reason = partnership.enabled ? metrics.reasons['uptime'] : 'the partnership is disabled';
  return {
    partnership,
    watch,
    metrics,
    score,
    health: healthOf(score, reachable === false),
    reachable,
    reason: score === null ? (reason ?? 'no metric has a value that counts') : undefined,
  };
}

function reachableOf({ enabled, probe }: Partnership, watch: Watch | undefined, now: Date): boolean | null {
  if (!enabled || probe.health_url === null || watch?.up === undefined || !watch.probed_at) return null;
  const patience = STALE_INTERVALS * probe.interval_seconds * 1000 + probe.timeout_ms + PATIENCE_MS;
  return now.getTime() - Date.parse(watch.probed_at) <= patience ? watch.up : null;
}

/** Measures the partnerships of each type together; an agent that several of them link counts once. */
function typesOf(known: KnownPartnership[], sources: Sources): Snapshot['types'] {
  const types = [...new Set(known.map(({ partnership }) => partnership.partnership_type))];
  return types.map((partnership_type) => {
    const members = known.filter(({ partnership }) => partnership.partnership_type === partnership_type);
    const enabled = members.filter(({ partnership }) => partnership.enabled);
    const counted = enabled.length > 0 ? enabled : members;
    const partnerships = counted.map(({ partnership }) => partnership);
    return {
      partnership_type,
      ids: members.map(({ partnership }) => partnership.id),
      metrics: metricsOf({
        partnerships,
        buckets: bucketsOf(partnerships, sources),
        pushed: counted.map(({ pushed }) => pushed),
      }),
    };
  });
}

function bucketsOf(partnerships: Partnership[], sources: Sources): Bucket[] {
  const measured = partnerships.filter(({ enabled }) => enabled);
  const names = measured.flatMap(({ id, probe }) => [...probe.agent_ids.map(agentSource), urlSource(id)]);
  return [...new Set(names)].flatMap((name) => sources.get(name) ?? []);
}
