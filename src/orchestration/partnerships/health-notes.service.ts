import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../identity/audit/audit-log.js';
import { SharedReads } from '../../shared/shared-reads.js';
import { PartnershipReadings } from './partnership-readings.service.js';
import { PartnershipsRepository } from './partnerships.repository.js';

const ACTOR = 'partnership-probes';

/** Notes in the audit log when the health of a partnership, or the status of all together, is another than last time. */
@Injectable()
export class HealthNotes {
  private readonly looks = new SharedReads();

  constructor(
    private readonly readings: PartnershipReadings,
    private readonly repository: PartnershipsRepository,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Looks at an organisation over the last 24 hours; each change is noted once, whoever else looks. Partners that were probed
   * at the same time share a look that begins after their probes.
   */
  take(org_id: string): Promise<void> {
    return this.looks.read(org_id, () => this.look(org_id));
  }

  private async look(org_id: string): Promise<void> {
    this.readings.forget(org_id);
    const { readings, status, score, noted_status } = await this.readings.snapshot(org_id, '24h');
    for (const { partnership, watch, health, score: own } of readings)
      if ((watch?.health ?? 'unknown') !== health)
        await this.note(org_id, partnership.id, watch?.health, { to: health, score: own });
    if ((noted_status ?? 'unknown') !== status) await this.note(org_id, undefined, noted_status, { to: status, score });
  }

  private async note(
    org_id: string,
    id: string | undefined,
    from: string | undefined,
    { to, score }: { to: string; score: number | null },
  ): Promise<void> {
    if (!(await this.repository.note(org_id, id, from, to))) return;
    await this.audit.record({
      org_id,
      actor: ACTOR,
      action: id === undefined ? 'orchestration.status_changed' : 'partnership.status_changed',
      outcome: 'success',
      ...(id === undefined ? {} : { target: id }),
      details: { from: from ?? 'unknown', to, score },
    });
  }
}
