import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  DynamoDb,
  failedConditions,
  isTransactionConflict,
  type TransactItem,
} from '../platform/database/client/dynamodb.js';
import { type CounterKey, type CounterRow, dayPeriod, type RowChange, rowName } from './counter-row.js';
import { rowUpdate, type SeenRow } from './row-update.js';
import { STATISTICS_TABLE } from './statistics.tables.js';

const ROWS_REMEMBERED = 10_000;

/** The row that is there while a rebuild holds counting back. */
export const REBUILD_KEY: CounterKey = { subject: 'CONTROL', period: 'REBUILD' };

/** What became of a batch that should be counted. Nothing is written unless it says `counted`. */
export type CountOutcome =
  | { outcome: 'counted' }
  /** Someone else counted some, or their records are gone: true at their positions. */
  | { outcome: 'taken'; taken: boolean[] }
  /** Another writer was at the same rows: try again. */
  | { outcome: 'busy' }
  /** A rebuild holds counting back. */
  | { outcome: 'paused' };

/** The only place that reads and writes the rows of PlatformStatistics for counting and for queries. */
@Injectable()
export class CountersRepository {
  /** The `longest_us` that rows have at least, so that a change that cannot raise it costs no read. */
  private readonly longest = new LRUCache<string, number>({ max: ROWS_REMEMBERED });

  constructor(private readonly db: DynamoDb) {}

  /** Single rows by key, in the order asked for; undefined where nothing was counted yet. */
  rows(keys: CounterKey[]): Promise<(CounterRow | undefined)[]> {
    return this.db.batchGet<CounterRow>(
      keys.map(({ subject, period }) => ({ table: STATISTICS_TABLE, key: { subject, period } })),
    );
  }

  /** The rows of a subject between two days, both included: one query over one key range, days without data are absent. */
  days(subject: string, start: string, end: string): Promise<CounterRow[]> {
    return this.between(subject, dayPeriod(start), dayPeriod(end));
  }

  /** As `days`, for periods of any kind. */
  async between(subject: string, start: string, end: string): Promise<CounterRow[]> {
    const found = this.db.queryAll<CounterRow>({
      TableName: STATISTICS_TABLE,
      KeyConditionExpression: 'subject = :subject AND #period BETWEEN :start AND :end',
      ExpressionAttributeNames: { '#period': 'period' },
      ExpressionAttributeValues: { ':subject': subject, ':start': start, ':end': end },
      ConsistentRead: true,
    });
    const rows: CounterRow[] = [];
    for await (const row of found) rows.push(row);
    return rows;
  }

  /** The whole table but its control row; only for the recount. */
  async all(): Promise<CounterRow[]> {
    const rows: CounterRow[] = [];
    for await (const row of this.db.scanAll<CounterRow>(STATISTICS_TABLE))
      if (row.subject !== REBUILD_KEY.subject) rows.push(row);
    return rows;
  }

  /** All rows of an organization and of its agents, also of agents that were deleted before. */
  async deleteByOrg(org_id: string): Promise<void> {
    const own = [`ORG#${org_id}#`, `ARCHIVE#ORG#${org_id}#`];
    await this.db.deleteMatching<CounterKey>(
      STATISTICS_TABLE,
      ({ subject }) => own.some((prefix) => subject.startsWith(prefix)),
      ({ subject, period }) => ({ subject, period }),
    );
  }

  /** Adds the changes and sets the marks, all or nothing. At most 99 of both together. */
  async count(marks: TransactItem[], changes: RowChange[], now: Date): Promise<CountOutcome> {
    const seen = await this.seenRows(changes.filter((change) => this.mayRaise(change)));
    const updates = changes.map((change) => rowUpdate(change, seen.get(rowName(change))));
    try {
      await this.db.transact([...marks, ...updates, noRebuildRuns(now)]);
      for (const change of changes) this.learn(change, change.longest_us);
      return { outcome: 'counted' };
    } catch (error) {
      return this.outcomeOf(error, marks.length);
    }
  }

  /** Rows whose maxima this change may raise have to be read. What is known of `longest_us` never shrinks. */
  private mayRaise(change: RowChange): boolean {
    if (change.last_invoked_at !== undefined) return true;
    return change.longest_us !== undefined && change.longest_us > (this.longest.get(rowName(change)) ?? -1);
  }

  private async seenRows(changes: RowChange[]): Promise<Map<string, SeenRow>> {
    const rows = changes.length > 0 ? await this.rows(changes) : [];
    return new Map(
      changes.map((change, index) => {
        const last = rows[index]?.['last_invoked_at'];
        const longest = rows[index]?.['longest_us'];
        const longest_us = typeof longest === 'number' ? longest : null;
        this.learn(change, longest_us ?? undefined);
        return [rowName(change), { last_invoked_at: typeof last === 'string' ? last : null, longest_us }];
      }),
    );
  }

  private learn(key: CounterKey, longest_us: number | undefined): void {
    if (longest_us === undefined) return;
    const name = rowName(key);
    this.longest.set(name, Math.max(longest_us, this.longest.get(name) ?? -1));
  }

  private outcomeOf(error: unknown, marks: number): CountOutcome {
    const failed = failedConditions(error);
    if (failed?.at(-1)) return { outcome: 'paused' };
    if (failed?.slice(0, marks).some(Boolean)) return { outcome: 'taken', taken: failed.slice(0, marks) };
    if (failed ?? isTransactionConflict(error)) return { outcome: 'busy' };
    throw error;
  }
}

/** Fails while a rebuild runs whose hold has not run out; see `rebuild-hold.repository.ts`. */
function noRebuildRuns(now: Date): TransactItem {
  return {
    ConditionCheck: {
      TableName: STATISTICS_TABLE,
      Key: { ...REBUILD_KEY },
      ConditionExpression: 'attribute_not_exists(subject) OR held_until < :now',
      ExpressionAttributeValues: { ':now': now.toISOString() },
    },
  };
}
