import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { FreshReads } from '../../shared/fresh-reads.js';
import { AgentWindowReader } from '../../statistics/agent-window-reader.js';
import { type Window, WINDOWS, windowRange } from '../../statistics/window.js';
import { defaultPartnerships } from './partnership-defaults.js';
import type { Partnership } from './partnership.js';
import { type KnownOrganisation, PartnershipsRepository } from './partnerships.repository.js';
import { agentSource, type Snapshot, snapshotOf, type Sources, urlSource } from './snapshot.js';

/** So old may an answer be: a thousand callers a second cost two measurements a second. */
const OLDEST_MS = 1_000;

/** Measures the partnerships of an organisation: one query for the records, one for each linked agent and probed address. */
@Injectable()
export class PartnershipReadings {
  private readonly reads = new FreshReads(OLDEST_MS);

  constructor(
    private readonly repository: PartnershipsRepository,
    private readonly agents: AgentWindowReader,
    private readonly clock: Clock,
  ) {}

  /** At most a second old. Shared: never change it. */
  snapshot(org_id: string, window: Window): Promise<Snapshot> {
    return this.reads.read(keyOf(org_id, window), () => this.measure(org_id, window));
  }

  /** Something of the organisation changed: what is asked from now on is measured anew. */
  forget(org_id: string): void {
    for (const window of WINDOWS) this.reads.forget(keyOf(org_id, window));
  }

  /** The records as they are now; an organisation that has none yet gets the defaults. */
  async organisation(org_id: string): Promise<KnownOrganisation> {
    const known = await this.repository.findAll(org_id);
    if (known) return known;
    await this.repository.seed(org_id, defaultPartnerships(org_id, this.clock.timestamp()));
    return (await this.repository.findAll(org_id)) ?? { status: undefined, known: [] };
  }

  private async measure(org_id: string, window: Window): Promise<Snapshot> {
    const organisation = await this.organisation(org_id);
    const enabled = organisation.known.map(({ partnership }) => partnership).filter((one) => one.enabled);
    const sources = await this.sources(org_id, enabled, window);
    return snapshotOf(organisation, sources, window, this.clock.now());
  }

  private async sources(org_id: string, partnerships: Partnership[], window: Window): Promise<Sources> {
    const agent_ids = [...new Set(partnerships.flatMap(({ probe }) => probe.agent_ids))];
    const probed = partnerships.filter(({ probe }) => probe.health_url !== null);
    const range = windowRange(window, this.clock.now());
    const [ofAgents, ofUrls] = await Promise.all([
      this.agents.buckets(org_id, agent_ids, window),
      Promise.all(probed.map((partnership) => this.repository.buckets(partnership, range))),
    ]);
    return new Map([
      ...[...ofAgents].map(([agent_id, buckets]) => [agentSource(agent_id), buckets] as const),
      ...probed.map(({ id }, index) => [urlSource(id), ofUrls[index] ?? []] as const),
    ]);
  }
}

const keyOf = (org_id: string, window: Window): string => `${window} ${org_id}`;
