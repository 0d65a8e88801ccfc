import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import { StatisticsQueries } from '../../statistics/statistics-queries.js';
import { periodStart, type Window, WINDOWS, windowRange } from '../../statistics/window.js';
import {
  type Bucket,
  type Health,
  defaultPartnerships,
  type Partnership,
  type Priority,
  scoreOf,
} from './partnership.js';
import {
  type Metrics,
  metricsOf,
  agentSource,
  type Reading,
  type Snapshot,
  snapshotOf,
  type Sources,
  urlSource,
} from './partnership-metrics.js';
import { PartnershipNotFoundError } from '../orchestration.errors.js';
import { type KnownOrganization, PartnershipsRepository } from './partnerships.repository.js';

export const DEFAULT_WINDOW: Window = '24h';
const MAXIMUM_AGE_MS = 1_000;

/** How one partner performs. */
export interface PartnerHealthView {
  id: string;
  name: string;
  enabled: boolean;
  priority: Priority;
  /** 0-100; null when nothing was measured. */
  score: number | null;
  health: Health;
}

/** What was measured in one bucket. */
export interface PastReading {
  at: string;
  score: number | null;
  values: Metrics['values'];
}

/** Reads and measures the partnerships of an organization. */
@Injectable()
export class PartnershipsService {
  private readonly reads = new CachedReads({ fresh_ms: MAXIMUM_AGE_MS / 2, stale_ms: MAXIMUM_AGE_MS });

  constructor(
    private readonly repository: PartnershipsRepository,
    private readonly statistics: StatisticsQueries,
    private readonly clock: Clock,
  ) {}

  /**
   * All partnerships, measured over a window; at most one second old. Costs one query for the records and one for each linked
   * agent and probed address. The result is shared: do not modify it.
   */
  snapshot(org_id: string, window: Window = DEFAULT_WINDOW): Promise<Snapshot> {
    return this.reads.read(keyOf(org_id, window), () => this.measure(org_id, window));
  }

  /** All partnerships, or those with the given ids; unknown ids are left out. */
  async healthOf(
    org_id: string,
    ids?: readonly string[],
    window: Window = DEFAULT_WINDOW,
  ): Promise<PartnerHealthView[]> {
    const { readings } = await this.snapshot(org_id, window);
    return readings
      .filter(({ partnership }) => !ids || ids.includes(partnership.id))
      .map(({ partnership: { id, name, enabled, priority }, score, health }) => ({
        id,
        name,
        enabled,
        priority,
        score,
        health,
      }));
  }

  /** @throws PartnershipNotFoundError */
  async get(org_id: string, id: string, window: Window = DEFAULT_WINDOW): Promise<Reading> {
    const { readings } = await this.snapshot(org_id, window);
    const reading = readings.find(({ partnership }) => partnership.id === id);
    if (!reading) throw new PartnershipNotFoundError(id);
    return reading;
  }

  /**
   * What was measured in each bucket of a window, oldest first: five minutes for 1h, else an hour. Buckets without a call are left
   * out, and so are pushed measurements, which have times of their own.
   * @throws PartnershipNotFoundError
   */
  async history(org_id: string, id: string, window: Window = DEFAULT_WINDOW): Promise<PastReading[]> {
    const { partnership } = await this.get(org_id, id, window);
    const sources = await this.sources(org_id, [partnership], window);
    const periods = new Map<string, Bucket[]>();
    for (const bucket of [...sources.values()].flat()) {
      const period = String(bucket['period'] ?? bucket['item']);
      periods.set(period, [...(periods.get(period) ?? []), bucket]);
    }
    return [...periods.keys()].sort().map((period) => {
      const { values, points } = metricsOf({
        partnerships: [partnership],
        buckets: periods.get(period) ?? [],
        pushed: [],
      });
      return { at: periodStart(period), score: scoreOf(points), values };
    });
  }

  /** @throws ValidationError naming the types of the organization */
  async type(org_id: string, partnership_type: string, window: Window = DEFAULT_WINDOW) {
    const { types, taken_at } = await this.snapshot(org_id, window);
    const type = types.find((one) => one.partnership_type === partnership_type);
    if (type) return { ...type, taken_at };
    const valid_types = types.map((one) => one.partnership_type);
    throw new ValidationError(`type must be one of: ${valid_types.join(', ')}`, {
      details: { fields: { type: [`must be one of: ${valid_types.join(', ')}`] }, valid_types },
    });
  }

  /** The stored records, uncached. An organization without any gets the defaults first. */
  async organization(org_id: string): Promise<KnownOrganization> {
    const known = await this.repository.findAll(org_id);
    if (known) return known;
    await this.repository.seed(org_id, defaultPartnerships(org_id, this.clock.timestamp()));
    return (await this.repository.findAll(org_id)) ?? { status: undefined, known: [] };
  }

  /** Drops the cached snapshots of an organization after a change. */
  forget(org_id: string): void {
    for (const window of WINDOWS) this.reads.forget(keyOf(org_id, window));
  }

  private async measure(org_id: string, window: Window): Promise<Snapshot> {
    const organization = await this.organization(org_id);
    const enabled = organization.known.map(({ partnership }) => partnership).filter((one) => one.enabled);
    const sources = await this.sources(org_id, enabled, window);
    return snapshotOf(organization, sources, window, this.clock.now());
  }

  private async sources(org_id: string, partnerships: Partnership[], window: Window): Promise<Sources> {
    const agent_ids = [...new Set(partnerships.flatMap(({ probe }) => probe.agent_ids))];
    const probed = partnerships.filter(({ probe }) => probe.health_url !== null);
    const range = windowRange(window, this.clock.now());
    const [ofAgents, ofUrls] = await Promise.all([
      this.statistics.buckets(org_id, agent_ids, window),
      Promise.all(probed.map((partnership) => this.repository.buckets(partnership, range))),
    ]);
    return new Map([
      ...[...ofAgents].map(([agent_id, buckets]) => [agentSource(agent_id), buckets] as const),
      ...probed.map(({ id }, index) => [urlSource(id), ofUrls[index] ?? []] as const),
    ]);
  }
}

const keyOf = (org_id: string, window: Window): string => `${window} ${org_id}`;
