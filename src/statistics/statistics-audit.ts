import { Injectable } from '@nestjs/common';
import type { Difference } from './difference.js';
import { StatisticsRecount } from './statistics-recount.js';

export type { Difference } from './difference.js';

/** Says whether the counters are right, without changing anything. */
@Injectable()
export class StatisticsAudit {
  constructor(private readonly recount: StatisticsRecount) {}

  /**
   * Every attribute where counters and recount disagree; none is the only right answer, also right after a crash and while
   * facts wait to be counted. @throws ConflictError when the platform is too busy for a recount.
   */
  compare(): Promise<Difference[]> {
    return this.recount.differences();
  }
}
