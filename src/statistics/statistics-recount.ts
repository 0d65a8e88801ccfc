import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/domain-error.js';
import { contributionOf } from './contribution.js';
import {
  CounterSheet,
  type CounterRow,
  gaugesOf,
  isGauges,
  rowName,
  shardPeriod,
  type CounterKey,
  isArchived,
  LONGEST,
  type RowChange,
  unarchived,
} from './counter-row.js';
import { CountersRepository, RebuildHoldRepository } from './counters.repository.js';
import type { GaugeSource } from './fact.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { isExpired } from './window.js';
import { Ids } from '../shared/ids.js';

const ATTEMPTS = 5;

/** Recounts everything: archive + live records that are marked as counted must equal the counters, at every moment. */
@Injectable()
export class StatisticsRecount {
  private readonly gauges: GaugeSource[] = [];

  constructor(
    private readonly counters: CountersRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
  ) {}

  /** Lets gauges be recounted from this source too; to be called while modules are initialised. */
  registerGauges(source: GaugeSource): void {
    this.gauges.push(source);
  }

  /**
   * Reads the counters, then all records, then the counters again: if these did not change meanwhile, all three belong to
   * one moment. Reads whole tables, for maintenance only. Gauges are left out while no source for them is registered, and
   * buckets of sliding windows when their time is over, since the database drops them when it likes.
   * @param beforeEach called before each of up to 5 attempts.
   * @throws ConflictError when the counters changed during every attempt.
   */
  async differences(beforeEach: () => Promise<void> = async () => undefined): Promise<Difference[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await beforeEach();
      const now = this.clock.now();
      const before = await this.storedRows(now);
      const recount = await this.recount(now);
      const after = await this.storedRows(now);
      if (fingerprint(before) === fingerprint(after)) return compared(before, recount);
    }
    throw new ConflictError('The statistics changed during every recount', {
      suggestion: 'Retry when fewer requests are running.',
    });
  }

  private async storedRows(now: Date): Promise<CounterRow[]> {
    const rows = (await this.counters.all()).filter(({ period }) => !isExpired(period, now));
    return this.gauges.length > 0 ? rows : rows.filter((row) => !isGauges(row));
  }

  private async recount(now: Date): Promise<CounterSheet> {
    const sheet = new CounterSheet();
    for (const source of this.aggregator.registered())
      for await (const { counted, ...fact } of source.all())
        if (counted) for (const change of contributionOf(fact)) if (!isExpired(change.period, now)) sheet.add(change);
    for (const source of this.gauges)
      for await (const { org_id, name } of source.recount())
        sheet.add({ subject: gaugesOf(org_id), period: shardPeriod(0), amounts: { [name]: 1 } });
    return sheet;
  }
}

function compared(rows: CounterRow[], recount: CounterSheet): Difference[] {
  const { counters, archive } = partsOf(rows);
  return differencesBetween(counters, new CounterSheet([...archive.changes(), ...recount.changes()]));
}

function fingerprint(rows: CounterRow[]): string {
  const entries = rows.map((row) => [rowName(row), Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))] as const);
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One attribute of one row where the counters and the recount from the records disagree. */
export interface Difference extends CounterKey {
  attribute: string;
  counted: number | string | null;
  recounted: number | string | null;
}

const LAST = 'last_invoked_at';

/** The counters, and the archive's share of them; gauges are summed over their shards. */
function partsOf(rows: CounterRow[]): { counters: CounterSheet; archive: CounterSheet } {
  const counters = new CounterSheet();
  const archive = new CounterSheet();
  for (const row of rows) {
    if (isArchived(row)) archive.add(asChange(unarchived(row)));
    else counters.add(asChange(row));
  }
  return { counters, archive };
}

/**
 * Compares two sheets attribute by attribute. The last use of an agent may be later than its records say, because those may
 * be deleted; never earlier.
 */
function differencesBetween(counters: CounterSheet, recount: CounterSheet): Difference[] {
  const counted = byName(counters);
  const recounted = byName(recount);
  const names = [...new Set([...counted.keys(), ...recounted.keys()])].sort();
  return names.flatMap((name) => rowDifferences(counted.get(name), recounted.get(name)));
}

/** The additions that make the counters equal to the recount. */
export function correctionsOf(differences: Difference[]): RowChange[] {
  return new CounterSheet(differences.map(correction)).changes();
}

function correction({ subject, period, attribute, counted, recounted }: Difference): RowChange {
  if (attribute === LAST)
    return { subject, period, amounts: {}, ...(typeof recounted === 'string' ? { last_invoked_at: recounted } : {}) };
  return { subject, period, amounts: { [attribute]: Number(recounted) - Number(counted) } };
}

function rowDifferences(counted: RowChange | undefined, recounted: RowChange | undefined): Difference[] {
  const key = counted ?? recounted;
  if (!key) return [];
  const { subject, period } = key;
  const attributes = [
    ...new Set([...Object.keys(counted?.amounts ?? {}), ...Object.keys(recounted?.amounts ?? {})]),
  ].sort();
  const differences: Difference[] = attributes.map((attribute) => ({
    subject,
    period,
    attribute,
    counted: counted?.amounts[attribute] ?? 0,
    recounted: recounted?.amounts[attribute] ?? 0,
  }));
  const wrong = differences.filter((difference) => difference.counted !== difference.recounted);
  const last = { counted: counted?.last_invoked_at ?? null, recounted: recounted?.last_invoked_at ?? null };
  const isEarlier = last.recounted !== null && last.recounted > (last.counted ?? '');
  return isEarlier ? [...wrong, { subject, period, attribute: LAST, ...last }] : wrong;
}

function asChange(row: CounterRow): RowChange {
  const { subject } = row;
  const period = isGauges(row) ? shardPeriod(0) : row.period;
  const numbers = Object.entries(row).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const amounts = Object.fromEntries(
    numbers.filter(
      ([attribute]) =>
        attribute !== 'expires_at' && attribute !== LONGEST && !(isGauges(row) && attribute === 'changes'),
    ),
  );
  const last = row[LAST];
  return { subject, period, amounts, ...(typeof last === 'string' ? { last_invoked_at: last } : {}) };
}

function byName(sheet: CounterSheet): Map<string, RowChange> {
  return new Map(sheet.changes().map((change) => [rowName(change), change]));
}

/** Rows corrected in one transaction; small enough for DynamoDB's 4 MB with full histograms. */
const ROWS_PER_TRANSACTION = 50;

export interface RebuildResult {
  dry_run: boolean;
  differences: Difference[];
}

/**
 * Sets the counters right by a recount. It may run beside a working platform: counting is held back meanwhile in every
 * process, enforced by a condition in their transactions, and corrections are additions, so that gauges and deletions that
 * go on are not lost. Stopped half way, it can simply be run again.
 */
@Injectable()
export class StatisticsRebuild {
  constructor(
    private readonly recount: StatisticsRecount,
    private readonly aggregator: StatisticsAggregator,
    private readonly hold: RebuildHoldRepository,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @returns the differences that were found and, unless it is a dry run, corrected.
   * @throws ConflictError when another rebuild runs, or deletions and gauges change the statistics all the time.
   */
  async run({ dry_run }: { dry_run: boolean }): Promise<RebuildResult> {
    await this.aggregator.catchUp();
    const owner = this.ids.next('lease');
    await this.hold.take(owner, this.clock.now());
    try {
      const differences = await this.recount.differences(() => this.hold.take(owner, this.clock.now()));
      if (!dry_run) await this.correct(owner, differences);
      return { dry_run, differences };
    } finally {
      await this.hold.release(owner);
      this.aggregator.kick();
    }
  }

  private async correct(owner: string, differences: Difference[]): Promise<void> {
    const corrections = correctionsOf(differences);
    for (let start = 0; start < corrections.length; start += ROWS_PER_TRANSACTION)
      await this.hold.correct(owner, corrections.slice(start, start + ROWS_PER_TRANSACTION), this.clock.now());
  }
}
