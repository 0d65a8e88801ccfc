import type { Window } from '../../statistics/window.js';
import type {
  OrchestrationHealthDto,
  PartnershipMetricsDto,
  LastProbeDto,
  PartnershipDto,
  PartnershipStatusDto,
} from './dto/partnership.dto.js';
import type { ChangePartnershipDto, CreatePartnershipDto } from './dto/partnership-input.dto.js';
import { progressHealthOf, progressOf, type Partnership, type Watch } from './partnership.js';
import type { PartnershipInput } from './partnership-management.service.js';
import type { Reading, Snapshot } from './partnership-metrics.js';

/** Caches a view for as long as its snapshot lives. */
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

/** Pushed metrics cannot shadow the other names: see `withPoint`. */
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

/** Converts a request body to a record, with defaults for absent fields. */
export function newPartnership(body: CreatePartnershipDto): PartnershipInput {
  const { id, name, partnership_type, ai_partner, our_role = '', partner_role = '' } = body;
  const { enabled = true, priority = 'medium', probe = {}, success_metrics = [], deliverables = [] } = body;
  return {
    id,
    name,
    partnership_type,
    ai_partner,
    our_role,
    partner_role,
    enabled,
    priority,
    probe: given(probe),
    success_metrics: success_metrics.map((metric) => ({ ...metric })),
    deliverables: deliverables.map((one) => given(one)),
  };
}

export function partnershipChanges(body: Omit<ChangePartnershipDto, 'revision'>): Partial<PartnershipInput> {
  const { probe, success_metrics, deliverables, ...plain } = body;
  return {
    ...given(plain),
    ...(probe ? { probe: given(probe) } : {}),
    ...(success_metrics ? { success_metrics: success_metrics.map((metric) => ({ ...metric })) } : {}),
    ...(deliverables ? { deliverables: deliverables.map((one) => given(one)) } : {}),
  };
}

/** A plain object of the given fields: instances of a body class have undefined fields too. */
function given<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}
