import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DynamoDb, failedConditions, isTransactionConflict } from '../platform/dynamodb/dynamodb.js';
import { StatisticsArchive } from '../statistics/statistics-archive.js';
import type { Agent } from './agent.js';
import { ConversationRecords } from './conversations.port.js';
import { invocationFact } from './invocation-facts.js';
import type { CountableInvocation } from './invocations.repository.js';
import { InvocationsRepository } from './invocations.repository.js';

/**
 * A run that began before the mark writes its record within 250 ms without looking at the agent (see `AgentRunService`);
 * after this long none can follow.
 */
const LAST_WRITES_MS = 500;

/** What stands under a marked agent: its invocations, whose statistics are kept, its sessions and their messages. */
@Injectable()
export class AgentRecordsDeletion {
  constructor(
    private readonly invocations: InvocationsRepository,
    private readonly conversations: ConversationRecords,
    private readonly archive: StatisticsArchive,
    private readonly db: DynamoDb,
  ) {}

  async deleteUnder({
    org_id,
    agent_id,
  }: Pick<Agent, 'org_id' | 'agent_id'>): Promise<{ invocations: number; sessions: number; messages: number }> {
    await delay(LAST_WRITES_MS);
    const { sessions, messages } = await this.conversations.deleteByAgent(org_id, agent_id);
    return { invocations: await this.deleteInvocations(agent_id), sessions, messages };
  }

  private async deleteInvocations(agent_id: string): Promise<number> {
    let deleted = 0;
    for (;;) {
      const page = await this.invocations.listForDeletion(agent_id);
      if (page.length === 0) return deleted;
      deleted += await this.deletePage(page);
    }
  }

  /** @returns how many are gone; those that were counted in this very moment are met again on the next page. */
  private async deletePage(page: CountableInvocation[]): Promise<number> {
    const facts = page.map((invocation) => ({
      ...invocationFact(invocation),
      counted: invocation.uncounted === undefined,
      invocation,
    }));
    let deleted = 0;
    for (const { records, items } of this.archive.batches(facts)) {
      try {
        await this.db.transact([...records.map(({ invocation }) => this.invocations.deletion(invocation)), ...items]);
        deleted += records.length;
      } catch (error) {
        const someWereCountedMeanwhile = failedConditions(error)?.some(Boolean) ?? isTransactionConflict(error);
        if (!someWereCountedMeanwhile) throw error;
      }
    }
    return deleted;
  }
}
