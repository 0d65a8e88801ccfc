import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { Ids } from '../../shared/ids.js';
import type { Page } from '../../shared/page.js';
import type { AuditEntry, AuditFact, AuditQuery } from './audit.js';
import { AuditRepository } from './audit.repository.js';

/** Who did what, for whoever has to answer for it: append only, kept 90 days, one organisation each. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly repository: AuditRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Resolves when the entry is stored. An action that must not go unrecorded waits for it. @throws DatabaseError */
  async record(fact: AuditFact): Promise<void> {
    await this.repository.create({ ...fact, entry_id: this.ids.next('aud'), at: this.clock.timestamp() });
  }

  /** Newest first. @throws ValidationError for a cursor of another list */
  async list(org_id: string, query: AuditQuery): Promise<Page<AuditEntry>> {
    return this.repository.listByOrg(org_id, this.clock.now(), query);
  }
}
