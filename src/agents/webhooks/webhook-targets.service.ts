import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import type { WebhookStateDto } from '../dto/webhook.dto.js';
import type { Invocation } from '../invocation.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';

/** Where runs want their end told, and how far that has come. */
@Injectable()
export class WebhookTargets {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly repository: WebhookDeliveriesRepository,
    private readonly ids: Ids,
  ) {}

  /** @throws ValidationError for an address that the platform does not call. */
  target(url: string): NonNullable<Invocation['webhook']> {
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('webhook.url', error.message.replace(/^url /, ''));
    }
    return { url, delivery_id: this.ids.next('whk') };
  }

  /** Undefined when the run has no webhook. Costs a read when it has one. */
  async stateOf({ org_id, invocation_id, webhook }: Invocation): Promise<WebhookStateDto | undefined> {
    if (!webhook) return undefined;
    const delivery = await this.repository.find(org_id, invocation_id);
    const { status, attempts, last_status, last_error, delivered_at } = delivery ?? WAITING;
    const { delivery_id } = webhook;
    return { delivery_id, url: withoutQuery(webhook.url), status, attempts, last_status, last_error, delivered_at };
  }
}

/** Before the run has ended. */
const WAITING = {
  status: 'waiting',
  attempts: 0,
  last_status: null,
  last_error: null,
  delivered_at: null,
} as const;

/** A query may carry a token of the receiver, which is nothing for every reader of the record. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}
