import { Injectable } from '@nestjs/common';
import {
  DynamoDb,
  failedConditions,
  isTransactionConflict,
  type TransactItem,
} from '../platform/database/client/dynamodb.js';
import type { StoredFact } from './fact.js';
import { StatisticsArchive } from './statistics-archive.js';

/** A record that is to be deleted. */
export interface Deletable {
  /** What the statistics know of it; undefined when it is not a fact yet, such as a run that never ended. */
  fact: StoredFact | undefined;
  /** Its conditional delete: it must be there, and its `uncounted` attribute as it was read. */
  deletion: TransactItem;
}

/** Deletes records that were counted, without losing what they meant for the statistics. */
@Injectable()
export class ArchivedDeletion {
  constructor(
    private readonly archive: StatisticsArchive,
    private readonly db: DynamoDb,
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
  private async tryTransact(items: TransactItem[]): Promise<boolean> {
    try {
      await this.db.transact(items);
      return true;
    } catch (error) {
      const recordsChangedMeanwhile = failedConditions(error) !== undefined || isTransactionConflict(error);
      if (!recordsChangedMeanwhile) throw error;
      return false;
    }
  }
}
