import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { agentInvocationsOf, type CounterRow } from './counter-row.js';
import { CountersRepository } from './counters.repository.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { type Window, windowRange } from './window.js';

/** Recent results of agents: the buckets of a sliding window. */
@Injectable()
export class AgentWindowReader {
  constructor(
    private readonly counters: CountersRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
  ) {}

  /** One query for each agent, with at most 169 small rows, after what this process stored is counted. */
  async buckets(org_id: string, agent_ids: string[], window: Window): Promise<Map<string, CounterRow[]>> {
    if (agent_ids.length > 0) await this.aggregator.settle();
    const { first, last } = windowRange(window, this.clock.now());
    const rows = await Promise.all(
      agent_ids.map((id) => this.counters.between(agentInvocationsOf(org_id, id), first, last)),
    );
    return new Map(agent_ids.map((id, index) => [id, rows[index] ?? []]));
  }
}
