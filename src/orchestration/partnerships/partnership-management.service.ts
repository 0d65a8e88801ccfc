import { Injectable } from '@nestjs/common';
import { AgentsService } from '../../agents/agents.service.js';
import { AuditLog } from '../../identity/audit/audit-log.js';
import type { Principal } from '../../identity/principal.js';
import { retryOn } from '../../platform/async/retry.js';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { HealthUrlProbe, PartnershipWatch } from './partnership-watch.service.js';
import { DEFAULT_PROBE, type Deliverable, type Partnership, type Point, type Probe } from './partnership.js';
import {
  DeliverableNotFoundError,
  PartnershipChangedError,
  PartnershipNotFoundError,
} from '../orchestration.errors.js';
import { type KnownPartnership, PartnershipsRepository } from './partnerships.repository.js';
import { PartnershipsService } from './partnerships.service.js';
import { withPoint } from './partnership-metrics.js';

const PARTNERSHIPS_LIMIT = 100;
/** How far the caller's clock may be ahead. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

type Who = Pick<Principal, 'org_id' | 'user_id'>;
type GivenDeliverable = Omit<Deliverable, 'last_updated'>;

/** The fields of a partnership that a caller may set. */
export type PartnershipInput = Omit<
  Partnership,
  'org_id' | 'probe' | 'deliverables' | 'created_at' | 'updated_at' | 'revision'
> & { probe: Partial<Probe>; deliverables: GivenDeliverable[] };

/**
 * Changes partnerships. Concurrent changes do not overwrite each other: each is applied to the stored record and retried if
 * the record changed meanwhile. Every change is audited, and ends the running probe if it affects it.
 */
@Injectable()
export class PartnershipManagement {
  constructor(
    private readonly repository: PartnershipsRepository,
    private readonly partnerships: PartnershipsService,
    private readonly watch: PartnershipWatch,
    private readonly agents: AgentsService,
    private readonly urls: HealthUrlProbe,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** @throws PartnershipExistsError, ConflictError at 100 partnerships, ValidationError for unknown agents or a refused address */
  async create(who: Who, input: PartnershipInput): Promise<Partnership> {
    const { org_id } = who;
    const { known } = await this.partnerships.organization(org_id);
    if (known.length >= PARTNERSHIPS_LIMIT)
      throw new ConflictError(`The organization already has the maximum of ${PARTNERSHIPS_LIMIT} partnerships`, {
        suggestion: 'Delete a partnership first.',
      });
    const at = this.clock.timestamp();
    const probe = { ...DEFAULT_PROBE, ...input.probe };
    await this.checkProbe(org_id, DEFAULT_PROBE, probe);
    const deliverables = input.deliverables.map((one) => ({ ...one, last_updated: at }));
    const stamps = { created_at: at, updated_at: at, revision: 1 };
    const partnership: Partnership = { ...input, org_id, probe, deliverables, ...stamps };
    await this.repository.create(partnership);
    this.partnerships.forget(org_id);
    await this.record(who, 'created', partnership.id);
    return partnership;
  }

  /**
   * Sets the given fields and keeps the others.
   * @param revision the revision that the change is based on; without it the change applies to whatever is stored
   * @throws PartnershipNotFoundError, PartnershipChangedError, ValidationError
   */
  async update(who: Who, id: string, input: Partial<PartnershipInput>, revision?: number): Promise<Partnership> {
    const { org_id } = who;
    const { probe, deliverables, ...changes } = input;
    const changed = async (before: Partnership): Promise<Partnership> => {
      if (revision !== undefined && revision !== before.revision) throw new PartnershipChangedError(id);
      const next = { ...before.probe, ...probe };
      if (probe) await this.checkProbe(org_id, before.probe, next);
      const given = deliverables?.map((one) => this.stamped(one, before.deliverables));
      return { ...before, ...changes, probe: next, ...(given ? { deliverables: given } : {}) };
    };
    const partnership = await this.change(org_id, id, changed, revision === undefined ? undefined : 1);
    if (probe || changes.enabled !== undefined) this.watch.stop(org_id, id);
    await this.record(who, 'updated', id, { fields: Object.keys(input), revision: partnership.revision });
    return partnership;
  }

  /** @throws PartnershipNotFoundError, DeliverableNotFoundError */
  async setDeliverable(
    who: Who,
    id: string,
    name: string,
    state: { progress: number; status: string },
  ): Promise<Partnership> {
    const partnership = await this.change(who.org_id, id, (before) => {
      const known = before.deliverables.map((one) => one.name);
      if (!known.includes(name)) throw new DeliverableNotFoundError(id, name, known);
      const changed = { ...state, last_updated: this.clock.timestamp() };
      return {
        ...before,
        deliverables: before.deliverables.map((one) => (one.name === name ? { ...one, ...changed } : one)),
      };
    });
    await this.record(who, 'deliverable_updated', id, { deliverable: name, ...state });
    return partnership;
  }

  /** @throws PartnershipNotFoundError, also for a second deletion */
  async delete(who: Who, id: string): Promise<void> {
    const { org_id } = who;
    await this.known(org_id, id);
    const wasDeleted = await this.repository.delete(org_id, id);
    this.partnerships.forget(org_id);
    if (!wasDeleted) throw new PartnershipNotFoundError(id);
    this.watch.stop(org_id, id);
    await this.record(who, 'deleted', id);
  }

  /**
   * Stores a value of a business metric, measured now unless `at` is given. Not audited: values arrive often.
   * @throws PartnershipNotFoundError, ValidationError for a reserved name or a future time
   */
  async push(org_id: string, id: string, metric: string, value: number, at?: string): Promise<Point> {
    const now = this.clock.now();
    const measured = at === undefined ? now : new Date(at);
    if (Number.isNaN(measured.getTime())) throw ValidationError.field('measured_at', 'is not a valid time');
    if (measured.getTime() > now.getTime() + CLOCK_TOLERANCE_MS)
      throw ValidationError.field('measured_at', 'must not be in the future');
    const point = { value, measured_at: measured.toISOString() };
    await retryOn(PartnershipChangedError, async () => {
      const known = await this.known(org_id, id);
      await this.repository.push(known, withPoint(known.pushed, metric, point));
    });
    this.partnerships.forget(org_id);
    return point;
  }

  private async change(
    org_id: string,
    id: string,
    changed: (before: Partnership) => Partnership | Promise<Partnership>,
    attempts?: number,
  ): Promise<Partnership> {
    const after = await retryOn(
      PartnershipChangedError,
      async () => {
        const { partnership: before } = await this.known(org_id, id);
        const stamps = { updated_at: this.clock.timestamp(), revision: before.revision + 1 };
        const next = { ...(await changed(before)), ...stamps };
        await this.repository.save(before, next);
        return next;
      },
      attempts,
    );
    this.partnerships.forget(org_id);
    return after;
  }

  private async known(org_id: string, id: string): Promise<KnownPartnership> {
    const { known } = await this.partnerships.organization(org_id);
    const found = known.find(({ partnership }) => partnership.id === id);
    if (!found) throw new PartnershipNotFoundError(id);
    return found;
  }

  private stamped(given: GivenDeliverable, before: Deliverable[]): Deliverable {
    const same = before.find(({ name }) => name === given.name);
    const isSame = same && same.progress === given.progress && same.status === given.status;
    return { ...given, last_updated: isSame ? same.last_updated : this.clock.timestamp() };
  }

  /** Agents that were linked before may be deleted by now; newly linked ones must exist. */
  private async checkProbe(org_id: string, before: Probe, after: Probe): Promise<void> {
    const added = after.agent_ids.filter((agent_id) => !before.agent_ids.includes(agent_id));
    const missing = await Promise.all(added.map((agent_id) => this.isMissing(org_id, agent_id)));
    const unknown = added.filter((_, index) => missing[index]);
    if (unknown.length > 0)
      throw ValidationError.field('probe.agent_ids', `names no agent of your organization: ${unknown.join(', ')}`);
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

  private record(
    { org_id, user_id }: Who,
    what: string,
    target: string,
    details?: Record<string, unknown>,
  ): Promise<void> {
    return this.audit.record({
      org_id,
      actor: user_id,
      action: `partnership.${what}`,
      outcome: 'success',
      target,
      ...(details ? { details } : {}),
    });
  }
}
