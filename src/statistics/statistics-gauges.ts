import { Injectable } from '@nestjs/common';
import type { Write } from '../platform/database/unit-of-work.js';
import { GAUGE_SHARDS, gaugeRow, type GaugeChanges } from './counter-row.js';
import { rowUpdate } from './counters.repository.js';

/** Write side of the gauges: what an organization has at the moment. */
@Injectable()
export class StatisticsGauges {
  private next = Math.floor(Math.random() * GAUGE_SHARDS);

  /**
   * The change as one item for the caller's own transaction, so that gauge and record can never disagree. Successive calls
   * go to different shards: concurrent transactions of one organization rarely meet on a row, and up to eight adjustments
   * made in a row may stand in one transaction.
   */
  adjust(org_id: string, changes: GaugeChanges): Write {
    this.next = (this.next + 1) % GAUGE_SHARDS;
    return rowUpdate(gaugeRow(org_id, this.next, changes));
  }
}
