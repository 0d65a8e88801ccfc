import { Injectable } from '@nestjs/common';
import type { Invocation } from '../invocation.js';
import { WebhookDeliveriesRepository } from '../webhooks/webhook-deliveries.repository.js';
import { LiveRuns } from './live-runs.service.js';
import { RunEventsRepository } from './run-events.repository.js';

/** What runs leave beside their records. */
@Injectable()
export class RunTraces {
  constructor(
    private readonly live: LiveRuns,
    private readonly events: RunEventsRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
  ) {}

  /** Stops the agent's runs of this process; those of others notice within their lease that they have no record any more. */
  stopAgent(agent_id: string): void {
    this.live.stopAgent(agent_id);
  }

  async delete({ invocation_id, has_events, webhook }: Invocation): Promise<void> {
    if (has_events) await this.events.delete(invocation_id);
    if (webhook) await this.deliveries.delete(invocation_id);
  }
}
