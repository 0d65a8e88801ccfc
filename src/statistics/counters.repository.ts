import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/async/cached-reads.js';
import { DynamoDb, conditionFailed } from '../platform/database/client/dynamodb.js';
import { NotCommittedError, UnitOfWork, write, type Write } from '../platform/database/unit-of-work.js';
import { type CounterKey, type CounterRow, dayPeriod, type RowChange, rowName } from './counter-row.js';
import { STATISTICS_TABLE } from './statistics.tables.js';
import { expiryOf } from './window.js';
import { ConflictError } from '../shared/domain-error.js';

const ROWS_REMEMBERED = 10_000;

/** The row that exists while a rebuild pauses counting. */
export const REBUILD_KEY: CounterKey = { subject: 'CONTROL', period: 'REBUILD' };

/** What the caller read of a row; null where the row does not have it, undefined where it was not read. */
export interface SeenRow {
  last_invoked_at?: string | null;
  longest_us?: number | null;
}

/** What became of a batch that should be counted. Nothing is written unless it says `counted`. */
export type CountOutcome =
  | { outcome: 'counted' }
  /** Another process counted some, or their records are gone: the marks of these. */
  | { outcome: 'taken'; taken: ReadonlySet<Write> }
  /** Another writer was at the same rows: try again. */
  | { outcome: 'busy' }
  /** A rebuild pauses counting. */
  | { outcome: 'paused' };

/** The only place that reads and writes the rows of PlatformStatistics for counting and for queries. */
@Injectable()
export class CountersRepository {
  /** The `longest_us` that rows have at least, so that a change that cannot raise it costs no read. */
  private readonly longest = new LRUCache<string, number>(atMost(ROWS_REMEMBERED));

  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** Single rows by key, in the order requested; undefined where nothing was counted yet. */
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
  async count(marks: Write[], changes: RowChange[], now: Date): Promise<CountOutcome> {
    const seen = await this.seenRows(changes.filter((change) => this.mayRaise(change)));
    const updates = changes.map((change) => rowUpdate(change, seen.get(rowName(change))));
    const noRebuildRuns = noRebuildRunsAt(now);
    try {
      await this.unit.commit([...marks, ...updates, noRebuildRuns]);
      for (const change of changes) this.learn(change, change.longest_us);
      return { outcome: 'counted' };
    } catch (error) {
      return this.outcomeOf(error, marks, noRebuildRuns);
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

  private outcomeOf(error: unknown, marks: Write[], noRebuildRuns: Write): CountOutcome {
    if (!(error instanceof NotCommittedError)) throw error;
    if (error.refused.has(noRebuildRuns)) return { outcome: 'paused' };
    const taken = new Set(marks.filter((mark) => error.refused.has(mark)));
    return taken.size > 0 ? { outcome: 'taken', taken } : { outcome: 'busy' };
  }
}

/**
 * The update that adds a change to its row. DynamoDB has no maximum, so `last_invoked_at` and `longest_us` are set under the
 * condition that they still are what the caller saw; a change that does not raise them leaves them alone and needs no condition.
 * @param seen without it, no other writer of `last_invoked_at` is possible. `longest_us` is set only when it was read.
 */
export function rowUpdate(change: RowChange, seen: SeenRow = {}): Write {
  const { subject, period, last_invoked_at, longest_us } = change;
  const { last_invoked_at: lastSeen, longest_us: longestSeen } = seen;
  const raisesLongest = longest_us !== undefined && longestSeen !== undefined && longest_us > (longestSeen ?? -1);
  const longestIsStillAsSeen = longestSeen === null ? 'attribute_not_exists(longest_us)' : 'longest_us = :seenLongest';
  const amounts = Object.entries(change.amounts).filter(([, value]) => value !== 0);
  const raisesLast = last_invoked_at !== undefined && last_invoked_at > (lastSeen ?? '');
  const lastIsStillAsSeen = lastSeen === null ? 'attribute_not_exists(last_invoked_at)' : 'last_invoked_at = :seen';
  const additions = amounts.map((_, index) => `#a${index} :a${index}`).join(', ');
  const expires_at = expiryOf(period);
  const settings = [
    raisesLast ? 'last_invoked_at = :last' : '',
    raisesLongest ? 'longest_us = :longest' : '',
    expires_at === undefined ? '' : 'expires_at = :expires',
  ].filter(Boolean);
  const clauses = [
    amounts.length > 0 ? `ADD ${additions}` : '',
    settings.length > 0 ? `SET ${settings.join(', ')}` : '',
  ];
  const names = Object.fromEntries(amounts.map(([attribute], index) => [`#a${index}`, attribute]));
  const values: Record<string, number | string> = Object.fromEntries(
    amounts.map(([, value], index) => [`:a${index}`, value]),
  );
  if (expires_at !== undefined) values[':expires'] = expires_at;
  if (raisesLast) values[':last'] = last_invoked_at;
  if (raisesLast && lastSeen) values[':seen'] = lastSeen;
  if (raisesLongest) values[':longest'] = longest_us;
  if (raisesLongest && typeof longestSeen === 'number') values[':seenLongest'] = longestSeen;
  const conditions = [
    raisesLast && lastSeen !== undefined ? lastIsStillAsSeen : '',
    raisesLongest ? longestIsStillAsSeen : '',
  ].filter(Boolean);
  return write.update({
    TableName: STATISTICS_TABLE,
    Key: { subject, period },
    UpdateExpression: clauses.filter(Boolean).join(' '),
    ...(amounts.length > 0 ? { ExpressionAttributeNames: names } : {}),
    ExpressionAttributeValues: values,
    ...(conditions.length > 0 ? { ConditionExpression: conditions.join(' AND ') } : {}),
  });
}

/** Fails while a rebuild runs whose hold has not run out; see `rebuild-hold.repository.ts`. */
function noRebuildRunsAt(now: Date): Write {
  return write.check({
    TableName: STATISTICS_TABLE,
    Key: { ...REBUILD_KEY },
    ConditionExpression: 'attribute_not_exists(subject) OR held_until < :now',
    ExpressionAttributeValues: { ':now': now.toISOString() },
  });
}

/** After this long, counting resumes if the rebuild has died. */
const HOLD_MS = 15 * 60_000;
const HELD = { TableName: STATISTICS_TABLE, Key: { ...REBUILD_KEY } };

/** While a rebuild holds it, no process counts facts. Deletions and gauges continue. */
@Injectable()
export class RebuildHoldRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** Acquires or extends the hold. @throws ConflictError while another rebuild has it. */
  async take(owner: string, now: Date): Promise<void> {
    const nobodyElseHoldsIt = 'attribute_not_exists(subject) OR held_until < :now OR held_by = :owner';
    const held_until = new Date(now.getTime() + HOLD_MS).toISOString();
    try {
      await this.db.put({
        TableName: STATISTICS_TABLE,
        Item: { ...REBUILD_KEY, held_by: owner, held_until },
        ConditionExpression: nobodyElseHoldsIt,
        ExpressionAttributeValues: { ':now': now.toISOString(), ':owner': owner },
      });
    } catch (error) {
      throw conditionFailed(error)
        ? new ConflictError('Another rebuild of the statistics is running', { cause: error })
        : error;
    }
  }

  /** Releases the hold. Harmless when it expired and another rebuild has it. */
  async release(owner: string): Promise<void> {
    try {
      await this.db.delete({
        ...HELD,
        ConditionExpression: 'held_by = :owner',
        ExpressionAttributeValues: { ':owner': owner },
      });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
  }

  /** Adds the changes, at most 99, if the hold is still the owner's. @throws ConflictError when it ran out. */
  async correct(owner: string, changes: RowChange[], now: Date): Promise<void> {
    const holdIsMine = {
      ...HELD,
      ConditionExpression: 'held_by = :owner AND held_until > :now',
      ExpressionAttributeValues: { ':owner': owner, ':now': now.toISOString() },
    };
    const isOver = () => new ConflictError('The rebuild exceeded its time limit: run it again');
    await this.unit.commit([...changes.map((change) => rowUpdate(change)), write.check(holdIsMine, isOver)]);
  }
}
