import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import type { Principal } from '../../identity/principal.js';
import { PartnershipChanges, type PartnershipInput } from './partnership-changes.service.js';
import { PartnershipWatch } from './partnership-watch.service.js';
import type { Partnership, Point } from './partnership.js';

type Who = Pick<Principal, 'org_id' | 'user_id'>;

/** Changes of partnerships with what belongs to them: the end of looks that go on, and an entry in the audit log. */
@Injectable()
export class PartnershipManagement {
  constructor(
    private readonly changes: PartnershipChanges,
    private readonly watch: PartnershipWatch,
    private readonly audit: AuditLog,
  ) {}

  async create(who: Who, input: PartnershipInput): Promise<Partnership> {
    const partnership = await this.changes.create(who.org_id, input);
    await this.record(who, 'created', partnership.id);
    return partnership;
  }

  async update(who: Who, id: string, changes: Partial<PartnershipInput>, revision?: number): Promise<Partnership> {
    const partnership = await this.changes.update(who.org_id, id, changes, revision);
    if (changes.probe || changes.enabled !== undefined) this.watch.stop(who.org_id, id);
    await this.record(who, 'updated', id, { fields: Object.keys(changes), revision: partnership.revision });
    return partnership;
  }

  async setDeliverable(
    who: Who,
    id: string,
    name: string,
    state: { progress: number; status: string },
  ): Promise<Partnership> {
    const partnership = await this.changes.setDeliverable(who.org_id, id, name, state);
    await this.record(who, 'deliverable_updated', id, { deliverable: name, ...state });
    return partnership;
  }

  async delete(who: Who, id: string): Promise<void> {
    await this.changes.delete(who.org_id, id);
    this.watch.stop(who.org_id, id);
    await this.record(who, 'deleted', id);
  }

  /** Not audited: values come often, and each keeps its time. */
  push(org_id: string, id: string, metric: string, value: number, measured_at?: string): Promise<Point> {
    return this.changes.push(org_id, id, metric, value, measured_at);
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
