import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ArchivedDeletion, type Deletable } from '../statistics/archived-deletion.service.js';
import { AttachedToolStore } from '../tools/attached/attached-tool-store.js';
import type { Agent } from './agent.js';
import { ConversationRecords } from './conversations.port.js';
import { invocationFact } from './invocation-facts.js';
import { InvocationsRepository } from './invocations.repository.js';
import { RunTraces } from './runs/run-traces.service.js';

/**
 * A run that began before the mark writes its record within 250 ms without looking at the agent (see `AgentRunService`);
 * after this long none can follow.
 */
const LAST_WRITES_MS = 500;

/** What stands under a marked agent: its invocations, whose statistics are kept, its sessions and their messages, its own tools. */
@Injectable()
export class AgentRecordsDeletion {
  constructor(
    private readonly invocations: InvocationsRepository,
    private readonly conversations: ConversationRecords,
    private readonly archived: ArchivedDeletion,
    private readonly traces: RunTraces,
    private readonly tools: AttachedToolStore,
  ) {}

  async deleteUnder({ org_id, agent_id, project_id }: Pick<Agent, 'org_id' | 'agent_id' | 'project_id'>): Promise<{
    invocations: number;
    sessions: number;
    messages: number;
  }> {
    this.traces.stopAgent(agent_id);
    await delay(LAST_WRITES_MS);
    await this.tools.deleteByAgent(org_id, project_id, agent_id);
    const { sessions, messages } = await this.conversations.deleteByAgent(org_id, agent_id);
    const invocations = await this.archived.deleteAll(() => this.nextInvocations(agent_id));
    return { invocations, sessions, messages };
  }

  private async nextInvocations(agent_id: string): Promise<Deletable[]> {
    const page = await this.invocations.listForDeletion(agent_id);
    // Before the record, by which they would be found again after a crash.
    for (const invocation of page) await this.traces.delete(invocation);
    return page.map((invocation) => {
      const hasEnded = invocation.status !== 'running';
      const fact = { ...invocationFact(invocation), counted: invocation.uncounted === undefined };
      return { fact: hasEnded ? fact : undefined, deletion: this.invocations.deletion(invocation) };
    });
  }
}
