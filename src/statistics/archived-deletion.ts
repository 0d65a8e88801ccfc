import { Injectable } from '@nestjs/common';
import { type Write, NotCommittedError, UnitOfWork } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { contributionOf, UnusableFactError } from './contribution.js';
import { archived, CounterSheet, gaugeRow, type RowChange } from './counter-row.js';
import type { Fact, StoredFact } from './fact.js';
import { rowUpdate } from './counters.repository.js';
import { isExpired } from './window.js';

/** DynamoDB's limit of items in one transaction. */
const TRANSACTION_LIMIT = 100;

/** Records that fit into one deletion transaction, one delete each, and the items that keep their statistics. */
export interface DeletionBatch<T> {
  records: T[];
  items: Write[];
}

/** A record that is to be deleted. */
export interface Deletable {
  /** The fact that statistics count; undefined when it is not a fact yet, such as a run that never ended. */
  fact: StoredFact | undefined;
  /** Its conditional delete: it must be there, and its `uncounted` attribute as it was read. */
  deletion: Write;
}

/**
 * Deletes records that were counted, without losing what they meant for the statistics: the contribution of what is deleted
 * moves to archive rows in the transaction that deletes it, so that counters = archive + live records holds at every moment.
 */
@Injectable()
export class ArchivedDeletion {
  constructor(
    private readonly clock: Clock,
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
    for (const { records, items } of deletionBatches(counted, this.clock.now()))
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

/**
 * Groups records so that the deletes and archive items of each group fit into one transaction.
 * @param reserved items per transaction that the caller adds besides.
 */
export function deletionBatches<T extends Fact | StoredFact>(
  records: T[],
  now: Date,
  reserved = 0,
): DeletionBatch<T>[] {
  const groups: T[][] = [];
  for (const record of records) {
    const group = groups.at(-1);
    const grown = group ? [...group, record] : [];
    if (group && grown.length + deletionChanges(grown, now).length + reserved <= TRANSACTION_LIMIT) group.push(record);
    else groups.push([record]);
  }
  return groups.map((group) => ({
    records: group,
    items: deletionChanges(group, now).map((change) => rowUpdate(withoutLast(change))),
  }));
}

/**
 * The archive's part of a transaction that deletes the records of these facts: at most seven rows per fact (fourteen where
 * it is uncounted), fewer when facts share agent and time. Each delete must be conditional on its record being there and
 * its `uncounted` attribute being as it was read. A fact that is not counted yet is added to the counters as well.
 */
export function deletionChanges(facts: (Fact | StoredFact)[], now: Date): RowChange[] {
  const sheet = new CounterSheet();
  for (const fact of facts) {
    const changes = contributionOrNothing(fact).filter(({ period }) => !isExpired(period, now));
    for (const change of changes) sheet.add(archived(change));
    if (changes.length > 0 && fact.kind === 'build')
      sheet.add(archived(gaugeRow(fact.org_id, 0, { builds_started: 1 })));
    if ('counted' in fact && !fact.counted) for (const change of changes) sheet.add(change);
  }
  return sheet.changes();
}

/** A fact that never could be counted leaves nothing behind. */
function contributionOrNothing(fact: Fact): RowChange[] {
  try {
    return contributionOf(fact);
  } catch (error) {
    if (error instanceof UnusableFactError) return [];
    throw error;
  }
}

/** An agent that is deleted together with its uncounted facts needs no last use. */
function withoutLast({ subject, period, amounts }: RowChange): RowChange {
  return { subject, period, amounts };
}
