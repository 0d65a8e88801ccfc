import { Injectable } from '@nestjs/common';
import { AgentsService } from '../../agents/agents.service.js';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { HealthUrlProbe } from './health-url-probe.js';
import { PartnershipReadings } from './partnership-readings.service.js';
import { DEFAULT_PROBE, type Deliverable, type Partnership, type Point, type Probe } from './partnership.js';
import { DeliverableNotFoundError, PartnershipChangedError, PartnershipNotFoundError } from './partnerships.errors.js';
import { type KnownPartnership, PartnershipsRepository } from './partnerships.repository.js';
import { withPoint } from './pushed-metrics.js';

const ATTEMPTS = 10;
const PARTNERSHIPS_LIMIT = 100;
/** How far a clock elsewhere may be ahead of ours. */
const CLOCK_PATIENCE_MS = 5 * 60_000;

type GivenDeliverable = Omit<Deliverable, 'last_updated'>;

/** What a caller may set of a partnership. */
export type PartnershipInput = Omit<
  Partnership,
  'org_id' | 'probe' | 'deliverables' | 'created_at' | 'updated_at' | 'revision'
> & { probe: Partial<Probe>; deliverables: GivenDeliverable[] };

/** Changes of partnerships. Two that meet do not lose each other's change: each is made on what is stored. */
@Injectable()
export class PartnershipChanges {
  constructor(
    private readonly repository: PartnershipsRepository,
    private readonly readings: PartnershipReadings,
    private readonly agents: AgentsService,
    private readonly urls: HealthUrlProbe,
    private readonly clock: Clock,
  ) {}

  /** @throws PartnershipExistsError, ValidationError for agents or an address that cannot be linked. */
  async create(org_id: string, input: PartnershipInput): Promise<Partnership> {
    const { known } = await this.readings.organisation(org_id);
    if (known.length >= PARTNERSHIPS_LIMIT)
      throw new ConflictError(`An organisation has at most ${PARTNERSHIPS_LIMIT} partnerships`);
    const at = this.clock.timestamp();
    const probe = { ...DEFAULT_PROBE, ...input.probe };
    await this.checkProbe(org_id, DEFAULT_PROBE, probe);
    const deliverables = input.deliverables.map((one) => ({ ...one, last_updated: at }));
    const stamps = { created_at: at, updated_at: at, revision: 1 };
    const partnership: Partnership = { ...input, org_id, probe, deliverables, ...stamps };
    await this.repository.create(partnership);
    this.readings.forget(org_id);
    return partnership;
  }

  /**
   * Sets what is given and leaves the rest.
   * @param revision the one that the change was made on; without it the change is made on whatever is stored.
   * @throws PartnershipNotFoundError, PartnershipChangedError, ValidationError
   */
  async update(
    org_id: string,
    id: string,
    { probe, deliverables, ...changes }: Partial<PartnershipInput>,
    revision?: number,
  ): Promise<Partnership> {
    const attempts = revision === undefined ? ATTEMPTS : 1;
    const changed = async (before: Partnership): Promise<Partnership> => {
      if (revision !== undefined && revision !== before.revision) throw new PartnershipChangedError(id);
      const next = { ...before.probe, ...probe };
      if (probe) await this.checkProbe(org_id, before.probe, next);
      const given = deliverables?.map((one) => this.stamped(one, before.deliverables));
      return { ...before, ...changes, probe: next, ...(given ? { deliverables: given } : {}) };
    };
    return this.change(org_id, id, changed, attempts);
  }

  /** @throws PartnershipNotFoundError, DeliverableNotFoundError */
  setDeliverable(
    org_id: string,
    id: string,
    name: string,
    state: { progress: number; status: string },
  ): Promise<Partnership> {
    return this.change(org_id, id, (before) => {
      const { deliverables } = before;
      if (!deliverables.some((one) => one.name === name))
        throw new DeliverableNotFoundError(
          id,
          name,
          deliverables.map((one) => one.name),
        );
      const changed = { ...state, last_updated: this.clock.timestamp() };
      return {
        ...before,
        deliverables: deliverables.map((one) => (one.name === name ? { ...one, ...changed } : one)),
      };
    });
  }

  /** Looks that go on are not counted any more. @throws PartnershipNotFoundError also for a second deletion. */
  async delete(org_id: string, id: string): Promise<void> {
    await this.known(org_id, id);
    const isMine = await this.repository.delete(org_id, id);
    this.readings.forget(org_id);
    if (!isMine) throw new PartnershipNotFoundError(id);
  }

  /**
   * Stores a value of a business metric; without a time it is of now.
   * @throws PartnershipNotFoundError, ValidationError for a name of the platform's own or a time to come.
   */
  async push(org_id: string, id: string, metric: string, value: number, at?: string): Promise<Point> {
    const now = this.clock.now();
    const measured = at === undefined ? now : new Date(at);
    if (Number.isNaN(measured.getTime())) throw ValidationError.field('measured_at', 'is not a time of the calendar');
    if (measured.getTime() > now.getTime() + CLOCK_PATIENCE_MS)
      throw ValidationError.field('measured_at', 'must not be in the future');
    const point = { value, measured_at: measured.toISOString() };
    await this.retried(async () => {
      const known = await this.known(org_id, id);
      await this.repository.push(known, withPoint(known.pushed, metric, point));
    });
    this.readings.forget(org_id);
    return point;
  }

  private async change(
    org_id: string,
    id: string,
    changed: (before: Partnership) => Partnership | Promise<Partnership>,
    attempts = ATTEMPTS,
  ): Promise<Partnership> {
    const after = await this.retried(async () => {
      const { partnership: before } = await this.known(org_id, id);
      const stamps = { updated_at: this.clock.timestamp(), revision: before.revision + 1 };
      const next = { ...(await changed(before)), ...stamps };
      await this.repository.save(before, next);
      return next;
    }, attempts);
    this.readings.forget(org_id);
    return after;
  }

  private async known(org_id: string, id: string): Promise<KnownPartnership> {
    const { known } = await this.readings.organisation(org_id);
    const found = known.find(({ partnership }) => partnership.id === id);
    if (!found) throw new PartnershipNotFoundError(id);
    return found;
  }

  /** Someone who changed it in the same moment goes first; only a caller who named a revision hears of it. */
  private async retried<T>(work: () => Promise<T>, attempts = ATTEMPTS): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PartnershipChangedError) || attempt >= attempts) throw error;
      }
    }
  }

  private stamped(given: GivenDeliverable, before: Deliverable[]): Deliverable {
    const same = before.find(({ name }) => name === given.name);
    const isSame = same && same.progress === given.progress && same.status === given.status;
    return { ...given, last_updated: isSame ? same.last_updated : this.clock.timestamp() };
  }

  /** Agents that were linked before may be gone by now; new ones must be there. */
  private async checkProbe(org_id: string, before: Probe, after: Probe): Promise<void> {
    const added = after.agent_ids.filter((agent_id) => !before.agent_ids.includes(agent_id));
    const missing = await Promise.all(added.map((agent_id) => this.isMissing(org_id, agent_id)));
    const unknown = added.filter((_, index) => missing[index]);
    if (unknown.length > 0)
      throw ValidationError.field('probe.agent_ids', `names no agent of your organisation: ${unknown.join(', ')}`);
    if (after.health_url !== null && after.health_url !== before.health_url) await this.urls.check(after.health_url);
  }

  private async isMissing(org_id: string, agent_id: string): Promise<boolean> {
    try {
      await this.agents.get(org_id, agent_id);
      return false;
    } catch (error) {
      if (error instanceof NotFoundError) return true;
      throw error;
    }
  }
}
