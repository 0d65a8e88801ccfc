import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AgentRecords } from '../agents/agent-deletion.service.js';
import type { Agent } from '../agents/agent.js';
import { ArchivedDeletion, type Deletable } from '../statistics/archived-deletion.service.js';
import type { Invocation } from './invocation.js';
import { invocationFact } from './invocation-facts.js';
import { InvocationsRepository } from './invocations.repository.js';
import { LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';

/**
 * A run that began before its agent was marked may write its record within 250 ms without reading the agent (see
 * `AgentRunService`). After this time no such write can follow.
 */
const LAST_WRITES_MS = 500;

/** Deletes the invocations of a deleted agent with their events and webhook deliveries. Their statistics are kept. */
@Injectable()
export class InvocationDeletion extends AgentRecords {
  constructor(
    private readonly invocations: InvocationsRepository,
    private readonly archived: ArchivedDeletion,
    private readonly live: LiveRuns,
    private readonly events: RunEventsRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
  ) {
    super();
  }

  /** Stops the agent's runs of this process; runs of other processes stop when they cannot renew their lease. */
  override async deleteByAgent({ agent_id }: Pick<Agent, 'agent_id'>): Promise<{ invocations: number }> {
    this.live.stopAgent(agent_id);
    await delay(LAST_WRITES_MS);
    return { invocations: await this.archived.deleteAll(() => this.next(agent_id)) };
  }

  private async next(agent_id: string): Promise<Deletable[]> {
    const page = await this.invocations.listForDeletion(agent_id);
    // Before the records, so that a deletion that is continued after a crash still finds them.
    for (const invocation of page) await this.deleteAttached(invocation);
    return page.map((invocation) => {
      const hasEnded = invocation.status !== 'running';
      const fact = { ...invocationFact(invocation), counted: invocation.uncounted === undefined };
      return { fact: hasEnded ? fact : undefined, deletion: this.invocations.deletion(invocation) };
    });
  }

  private async deleteAttached({ invocation_id, has_events, webhook }: Invocation): Promise<void> {
    if (has_events) await this.events.delete(invocation_id);
    if (webhook) await this.deliveries.delete(invocation_id);
  }
}
