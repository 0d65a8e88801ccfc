import { Injectable } from '@nestjs/common';
import { InvocationNotCancellableError } from '../agents.errors.js';
import type { Invocation } from '../invocation.js';
import { InvocationsService } from '../invocations.service.js';
import { LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';

/** Stopping runs of any process. */
@Injectable()
export class RunCancellation {
  constructor(
    private readonly invocations: InvocationsService,
    private readonly live: LiveRuns,
    private readonly events: RunEventsRepository,
  ) {}

  /**
   * Asks a streamed or background run to stop; it ends as failed for the reason `cancelled`, within about a second when it
   * runs on another process. Safe to repeat, also after it has ended so.
   * @returns the record as it is now, mostly still running.
   * @throws InvocationNotFoundError, InvocationNotCancellableError
   */
  async cancel(org_id: string, invocation_id: string): Promise<Invocation> {
    const live = this.live.find(org_id, invocation_id);
    live?.stop({ reason: 'cancelled', message: 'The run was cancelled' });
    const invocation = await this.invocations.getStarted(org_id, invocation_id);
    const { status, error, has_events } = invocation;
    if (error?.reason === 'cancelled') return invocation;
    if (status !== 'running') throw new InvocationNotCancellableError(invocation_id, status);
    if (!has_events) throw new InvocationNotCancellableError(invocation_id, 'answered to its caller');
    if (!live) await this.events.askToStop(invocation_id);
    return invocation;
  }
}
