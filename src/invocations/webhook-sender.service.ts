import { Injectable } from '@nestjs/common';
import { type Attempt, SignedWebhooks } from '../platform/webhooks/signed-webhooks.js';
import type { Invocation } from './invocation.js';
import { invocationView } from './invocation-view.js';
import type { WebhookDelivery } from './webhook-deliveries.repository.js';

/** Reports ended runs to webhooks. */
@Injectable()
export class WebhookSender {
  constructor(private readonly webhooks: SignedWebhooks) {}

  /** See {@link SignedWebhooks.secretOf}. */
  secretOf(org_id: string): string {
    return this.webhooks.secretOf(org_id);
  }

  /** One attempt to deliver. Never rejects because of the receiver. */
  async send({ delivery_id, url }: WebhookDelivery, invocation: Invocation, signal: AbortSignal): Promise<Attempt> {
    const { org_id } = invocation;
    return this.webhooks.send({ org_id, id: delivery_id, url, payload: payload(invocation) }, signal);
  }
}

/** Built from the record, which no longer changes. */
function payload(invocation: Invocation) {
  return {
    type: invocation.status === 'success' ? 'invocation.completed' : 'invocation.failed',
    timestamp: invocation.completed_at,
    data: invocationView(invocation, false),
  };
}
