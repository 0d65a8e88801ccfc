import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/domain-error.js';
import { contributionOf } from './contribution.js';
import { CounterSheet, type CounterRow, gaugesOf, isGauges, rowName, shardPeriod } from './counter-row.js';
import { CountersRepository } from './counters.repository.js';
import { type Difference, differencesBetween, partsOf } from './difference.js';
import type { GaugeSource } from './fact-source.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { isExpired } from './window.js';

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
      suggestion: 'Try again at a quieter moment.',
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
