import { Injectable } from '@nestjs/common';
import type { AgentRunFailure } from '../runtimes/agent-run-error.js';
import type { InvocationFact, StoredFact } from '../statistics/fact.js';
import { FactSource, type UncountedFact } from '../statistics/fact-source.js';
import { type CountedPart, InvocationsRepository } from './invocations.repository.js';

/** Finished runs as facts for the statistics. */
@Injectable()
export class InvocationFacts extends FactSource {
  override readonly name = 'invocations';

  constructor(private readonly repository: InvocationsRepository) {
    super();
  }

  override async uncounted(limit: number): Promise<UncountedFact[]> {
    const invocations = await this.repository.listUncounted(limit);
    return invocations.map((invocation) => ({
      fact: invocationFact(invocation),
      mark: this.repository.counted(invocation.invocation_id),
    }));
  }

  override async *all(): AsyncGenerator<StoredFact> {
    for await (const invocation of this.repository.all())
      if (invocation.status !== 'running')
        yield { ...invocationFact(invocation), counted: invocation.uncounted === undefined };
  }
}

/** What the one who answers can be blamed for: not a caller who went away, a limit of the agent's own, or a process that died. */
const FAULTS: readonly string[] = [
  'model',
  'timeout',
  'unreachable',
  'malformed',
  'runtime',
] satisfies AgentRunFailure[];

export function invocationFact(invocation: CountedPart): InvocationFact {
  const { org_id, agent_id, created_at, status, error, duration_ms, usage } = invocation;
  return {
    kind: 'invocation',
    org_id,
    agent_id,
    occurred_at: created_at,
    success: status === 'success',
    fault: status === 'failed' && error?.code === 'AGENT_INVOCATION_FAILED' && FAULTS.includes(error.reason),
    duration_ms: duration_ms ?? 0,
    ...usage,
  };
}
