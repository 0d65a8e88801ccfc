import { Injectable } from '@nestjs/common';
import { NotCommittedError, UnitOfWork, type Write } from '../platform/database/unit-of-work.js';
import type { StoredFact } from './fact.js';
import { StatisticsArchive } from './statistics-archive.js';

/** A record that is to be deleted. */
export interface Deletable {
  /** What the statistics know of it; undefined when it is not a fact yet, such as a run that never ended. */
  fact: StoredFact | undefined;
  /** Its conditional delete: it must be there, and its `uncounted` attribute as it was read. */
  deletion: Write;
}

/** Deletes records that were counted, without losing what they meant for the statistics. */
@Injectable()
export class ArchivedDeletion {
  constructor(
    private readonly archive: StatisticsArchive,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * Deletes page by page until `nextPage` answers none; safe to repeat after a crash.
   * @returns how many records are gone.
   */
  async deleteAll(nextPage: () => Promise<Deletable[]>): Promise<number> {
    let deleted = 0;
    for (;;) {
      const page = await nextPage();
      if (page.length === 0) return deleted;
      deleted += await this.deletePage(page);
    }
  }

  private async deletePage(page: Deletable[]): Promise<number> {
    const counted = page.flatMap(({ fact, deletion }) => (fact ? [{ ...fact, deletion }] : []));
    let deleted = 0;
    for (const { records, items } of this.archive.batches(counted))
      if (await this.tryTransact([...records.map(({ deletion }) => deletion), ...items])) deleted += records.length;
    for (const { fact, deletion } of page) if (!fact && (await this.tryTransact([deletion]))) deleted += 1;
    return deleted;
  }

  /** @returns false when some of them were counted, or ended, in this very moment: they are met again on the next page. */
  private async tryTransact(items: Write[]): Promise<boolean> {
    try {
      await this.unit.commit(items);
      return true;
    } catch (error) {
      if (error instanceof NotCommittedError) return false;
      throw error;
    }
  }
}
