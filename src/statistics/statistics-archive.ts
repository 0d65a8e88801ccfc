import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { Clock } from '../shared/clock.js';
import { contributionOf, UnusableFactError } from './contribution.js';
import { archived, CounterSheet, gaugeRow, type RowChange } from './counter-row.js';
import type { Fact, StoredFact } from './fact.js';
import type { GaugeChanges } from './gauge.js';
import { rowUpdate } from './counters.repository.js';
import { isExpired } from './window.js';

/** DynamoDB's limit of items in one transaction. */
const TRANSACTION_LIMIT = 100;

/** Records that fit into one deletion transaction, one delete each, and the items that keep their statistics. */
export interface DeletionBatch<T> {
  records: T[];
  items: Write[];
}

/**
 * Statistics of the past stay when their records go: the contribution of what is deleted moves to archive rows, in the
 * transaction that deletes it, so that counters = archive + live records holds at every moment.
 */
@Injectable()
export class StatisticsArchive {
  constructor(private readonly clock: Clock) {}

  /**
   * Groups records so that the deletes and archive items of each group fit into one transaction.
   * @param reserved items per transaction that the caller adds besides.
   */
  batches<T extends Fact | StoredFact>(records: T[], reserved = 0): DeletionBatch<T>[] {
    const now = this.clock.now();
    const groups: T[][] = [];
    for (const record of records) {
      const group = groups.at(-1);
      const grown = group ? [...group, record] : [];
      if (group && grown.length + deletionChanges(grown, now).length + reserved <= TRANSACTION_LIMIT)
        group.push(record);
      else groups.push([record]);
    }
    return groups.map((group) => ({
      records: group,
      items: deletionChanges(group, now).map((change) => rowUpdate(withoutLast(change))),
    }));
  }

  /**
   * Archives what a deleted record meant for a gauge that only grows: `builds_started: 1` for a build that is deleted without
   * ever having ended. Builds that ended are archived by their fact.
   */
  gauges(org_id: string, changes: GaugeChanges): Write {
    return rowUpdate(archived(gaugeRow(org_id, 0, changes)));
  }
}

/**
 * The archive's part of a transaction that deletes the records of these facts: at most six rows per fact (twelve where
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
