import { Injectable } from '@nestjs/common';

/** Deletes what a feature keeps of an organization. Safe to repeat, and while other processes still write. */
export type DeleteByOrganization = (org_id: string) => Promise<void>;

/**
 * What the features above identity keep of organizations. Each registers its deletion when its module starts, because identity
 * does not know them.
 */
@Injectable()
export class OrganizationData {
  private readonly records = new Map<string, DeleteByOrganization>();
  private readonly counters = new Map<string, DeleteByOrganization>();

  /** @param feature names it in the log */
  registerRecords(feature: string, deletion: DeleteByOrganization): void {
    this.records.set(feature, deletion);
  }

  /** For what is computed from the records of others: deleted after them, because their deletion changes it. */
  registerCounters(feature: string, deletion: DeleteByOrganization): void {
    this.counters.set(feature, deletion);
  }

  /** @throws what a feature throws; the rest is then left for the next attempt */
  async delete(org_id: string): Promise<void> {
    for (const deletion of [...this.records.values(), ...this.counters.values()]) await deletion(org_id);
  }
}
