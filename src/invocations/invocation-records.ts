import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Agent } from '../agents/agent.js';
import { RECENT_MS } from '../agents/agents.service.js';
import type { AgentRecords } from '../agents/agent-deletion.service.js';
import { Engine } from '../engine/engine.js';
import { UnitOfWork } from '../platform/database/unit-of-work.js';
import type { AgentRunFailure } from '../runtimes/agent-runtime.js';
import { ArchivedDeletion, type Deletable } from '../statistics/archived-deletion.js';
import { type InvocationFact, type StoredFact, FactSource, type UncountedFact } from '../statistics/fact.js';
import { type Invocation, isOver } from './invocation.js';
import { type CountedPart, InvocationsRepository, rolloutPart } from './invocations.repository.js';
import { LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';
import { TaskPushesRepository } from './task-pushes.repository.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';

/**
 * A run of another process may begin half a second after its agent was marked, from a record that is that old, and may write its own record
 * within 250 ms without reading the agent (see `AgentRunService`). After this time no such write can follow.
 */
export const LAST_WRITES_MS = RECENT_MS + 500;

/** Stored invocations as facts for the statistics, and their deletion with their agent, which keeps the statistics. */
@Injectable()
export class InvocationRecords extends FactSource implements AgentRecords {
  override readonly name = 'invocations';
  /** How long a deletion waits for the last writes of runs. Shorter only in tests without runs. */
  last_writes_ms = LAST_WRITES_MS;

  constructor(
    private readonly repository: InvocationsRepository,
    private readonly archived: ArchivedDeletion,
    private readonly live: LiveRuns,
    private readonly events: RunEventsRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly pushes: TaskPushesRepository,
    private readonly engine: Engine,
    private readonly unit: UnitOfWork,
  ) {
    super();
  }

  override async uncounted(limit: number): Promise<UncountedFact[]> {
    const invocations = await this.repository.listUncounted(limit);
    return invocations.map((invocation) => ({
      fact: invocationFact(invocation),
      record: invocation.invocation_id,
      mark: this.repository.counted(invocation.invocation_id),
    }));
  }

  override async *all(): AsyncGenerator<StoredFact> {
    for await (const invocation of this.repository.all())
      if (isOver(invocation)) yield { ...recordedFact(invocation), counted: invocation.uncounted === undefined };
  }

  /** Stops the agent's runs of this process; runs of other processes stop when they cannot renew their lease. */
  async deleteByAgent({ agent_id }: Pick<Agent, 'agent_id'>): Promise<{ invocations: number }> {
    this.live.stopAgent(agent_id);
    await delay(this.last_writes_ms);
    return { invocations: await this.archived.deleteAll(() => this.next(agent_id)) };
  }

  private async next(agent_id: string): Promise<Deletable[]> {
    const page = await this.repository.listForDeletion(agent_id);
    // Before the records, so that a deletion that is continued after a crash still finds them.
    for (const invocation of page) await this.deleteAttached(invocation);
    return page.map((invocation) => {
      const hasEnded = isOver(invocation);
      const fact = { ...recordedFact(invocation), counted: invocation.uncounted === undefined };
      return { fact: hasEnded ? fact : undefined, deletion: this.repository.deletion(invocation) };
    });
  }

  private async deleteAttached(invocation: Invocation): Promise<void> {
    const { org_id, invocation_id, has_events, webhook, background, approvals } = invocation;
    if ((background ?? approvals) && !isOver(invocation)) await this.end(invocation_id);
    if (has_events) await this.events.delete(invocation_id);
    // Only runs that can be followed have addresses that follow them.
    if (background ?? has_events) await this.pushes.deleteByTask(org_id, invocation_id);
    if (webhook) await this.deliveries.delete(invocation_id);
  }

  private async end(invocation_id: string): Promise<void> {
    const end = this.engine.end(invocation_id);
    await this.unit.commit(end.writes);
    end.committed();
  }
}

/** Failures that count as faults of the agent: not a cancellation, an own limit of the agent or an interruption. */
const FAULTS: readonly string[] = [
  'model',
  'timeout',
  'unreachable',
  'malformed',
  'runtime',
] satisfies AgentRunFailure[];

/** What the statistics count of a run that has ended. */
export const recordedFact = (invocation: Invocation): InvocationFact =>
  invocationFact({ ...invocation, ...rolloutPart(invocation) });

function invocationFact(invocation: CountedPart): InvocationFact {
  const { org_id, agent_id, created_at, status, error, duration_ms, usage, rollout } = invocation;
  return {
    kind: 'invocation',
    org_id,
    agent_id,
    occurred_at: created_at,
    success: status === 'success',
    fault: status === 'failed' && error?.code === 'AGENT_INVOCATION_FAILED' && FAULTS.includes(error.reason),
    duration_ms: duration_ms ?? 0,
    ...usage,
    ...(rollout ? { rollout } : {}),
  };
}
