import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import { correctionsOf, type Difference, StatisticsRecount } from './statistics-recount.js';
import { RebuildHoldRepository } from './rebuild-hold.repository.js';
import { StatisticsAggregator } from './statistics-aggregator.js';

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
