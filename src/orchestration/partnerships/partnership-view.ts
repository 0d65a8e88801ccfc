import type { Window } from '../../statistics/window.js';
import type { OrchestrationHealthDto, PartnershipMetricsDto } from './dto/metrics.dto.js';
import type { LastProbeDto, PartnershipDto, PartnershipStatusDto } from './dto/partnership.dto.js';
import { progressHealthOf, progressOf } from './health-rules.js';
import type { Partnership, Watch } from './partnership.js';
import type { Reading, Snapshot } from './snapshot.js';

/** Built once for each snapshot, however many ask for it. */
function once<T>(build: (snapshot: Snapshot) => T): (snapshot: Snapshot) => T {
  const built = new WeakMap<Snapshot, T>();
  return (snapshot) => {
    const known = built.get(snapshot) ?? build(snapshot);
    built.set(snapshot, known);
    return known;
  };
}

export const healthView = once(healthOf);
export const metricsViews = once((snapshot) => snapshot.types.map((type) => metricsView(type, snapshot)));
export const statusViews = once(({ readings }) => readings.map(({ partnership }) => statusView(partnership)));

function healthOf({ status, score, window, readings, taken_at }: Snapshot): OrchestrationHealthDto {
  const partnerships = Object.fromEntries(readings.map((reading) => [reading.partnership.id, readingView(reading)]));
  return { status, score, window, partnerships, last_updated: taken_at };
}

/** Pushed metrics cannot take the names beside them: see `pushed-metrics.ts`. */
function readingView({ health, score, reachable, reason, metrics }: Reading): Record<string, unknown> {
  const known = Object.entries(metrics.values).filter(([, value]) => value !== null);
  return {
    health,
    score,
    ...(reachable === null ? {} : { reachable }),
    ...(reason === undefined ? {} : { reason }),
    ...Object.fromEntries(known),
  };
}

export function metricsView(
  { partnership_type, ids, metrics }: Snapshot['types'][number],
  { window, taken_at }: { window: Window; taken_at: string },
): PartnershipMetricsDto {
  const { values, reasons, trends } = metrics;
  return { partnership_type, partnerships: ids, window, metrics: values, reasons, trends, timestamp: taken_at };
}

export function statusView(partnership: Partnership): PartnershipStatusDto {
  const { id, name, partnership_type, ai_partner, enabled, priority, deliverables } = partnership;
  const progress = progressOf(deliverables.map((one) => one.progress));
  const health = progressHealthOf(progress);
  return { id, name, partnership_type, ai_partner, enabled, priority, health, progress, deliverables };
}

export function partnershipView({ org_id: _, ...partnership }: Partnership): PartnershipDto {
  return partnership;
}

export function lastProbe(watch: Watch | undefined): LastProbeDto | null {
  if (!watch?.probed_at) return null;
  return { up: watch.up ?? null, reason: watch.reason ?? '', at: watch.probed_at };
}
