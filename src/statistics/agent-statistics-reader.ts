import { Injectable } from '@nestjs/common';
import { agentInvocationsOf, TOTAL } from './counter-row.js';
import { CountersRepository } from './counters.repository.js';
import { type RuntimeStats, runtimeStatsOf } from './statistics-view.js';

export type { RuntimeStats } from './statistics-view.js';

/** The counters that an agent shows of itself. */
@Injectable()
export class AgentStatisticsReader {
  constructor(private readonly counters: CountersRepository) {}

  /**
   * One batch read for any number of agents; every agent asked for has an entry, with zeros when it was never invoked.
   * For read-your-writes call `StatisticsAggregator.catchUp()` first.
   */
  async runtimeStats(org_id: string, agent_ids: string[]): Promise<Map<string, RuntimeStats>> {
    const rows = await this.counters.rows(
      agent_ids.map((id) => ({ subject: agentInvocationsOf(org_id, id), period: TOTAL })),
    );
    return new Map(agent_ids.map((id, index) => [id, runtimeStatsOf(rows[index])]));
  }
}
