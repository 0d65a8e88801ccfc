import { Injectable, type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Attempt, SignedWebhooks } from '../platform/webhooks/signed-webhooks.js';
import type { Invocation } from './invocation.js';
import { invocationView } from './invocation-view.js';
import {
  type WebhookDelivery,
  type AttemptOutcome,
  WebhookDeliveriesRepository,
} from './webhook-deliveries.repository.js';
import { Outbox } from '../platform/async/outbox.js';
import { Settings } from '../platform/config/settings.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { WebhookStateDto } from './dto/invocation.dto.js';
import { InvocationsRepository } from './invocations.repository.js';

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

const ATTEMPTS = 5;
const GROWTH = 6;
/** Longer than an attempt can take. An attempt whose process died is repeated after this time. */
const LEASE_MS = 60_000;
const AT_A_TIME = 8;

/**
 * Webhooks of runs. Any process delivers what is due: at least once, in at most five attempts with growing random pauses. An
 * attempt is leased, so that two processes do not make the same one and none is lost in a crash.
 */
@Injectable()
export class Webhooks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Webhooks.name);
  private readonly outbox = new Outbox<{ invocation_id: string; due_at: string }>({
    at_a_time: AT_A_TIME,
    due: (limit) => this.repository.listDue(this.clock.timestamp(), limit),
    attempt: ({ invocation_id, due_at }) => this.attempt(invocation_id, due_at),
    failed: (error) => {
      this.logger.warn({ msg: 'webhooks could not be delivered; the next poll retries', err: error });
    },
  });

  constructor(
    private readonly repository: WebhookDeliveriesRepository,
    private readonly invocations: InvocationsRepository,
    private readonly sender: WebhookSender,
    private readonly outgoing: OutgoingHttp,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    this.outbox.pollEvery(this.settings.get('WEBHOOK_POLL_SECONDS'));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.outbox.stop();
  }

  /** Where the end of a run is delivered. @throws ValidationError for an address that the platform does not call. */
  target(url: string): NonNullable<Invocation['webhook']> {
    try {
      this.outgoing.check(url);
    } catch (error) {
      if (!(error instanceof OutgoingRefusedError)) throw error;
      throw ValidationError.field('webhook.url', error.message.replace(/^url /, ''));
    }
    return { url, delivery_id: this.ids.next('whk') };
  }

  /** The delivery so far; undefined when the run has no webhook. Costs one read. */
  async stateOf({ org_id, invocation_id, webhook }: Invocation): Promise<WebhookStateDto | undefined> {
    if (!webhook) return undefined;
    const delivery = await this.repository.find(org_id, invocation_id);
    const { status, attempts, last_status, last_error, delivered_at } = delivery ?? WAITING;
    const { delivery_id } = webhook;
    return { delivery_id, url: withoutQuery(webhook.url), status, attempts, last_status, last_error, delivered_at };
  }

  /** Delivers what is due now instead of at the next poll. */
  kick(): void {
    this.outbox.kick();
  }

  /** @returns false when another process makes the attempt. */
  private async attempt(invocation_id: string, due_at: string): Promise<boolean> {
    const delivery = await this.repository.claim(invocation_id, due_at, this.inFuture(LEASE_MS));
    if (!delivery) return false;
    const invocation = await this.invocations.findById(delivery.org_id, invocation_id);
    if (!invocation) await this.repository.delete(invocation_id);
    else {
      const attempt = await this.sender.send(delivery, invocation, this.outbox.signal);
      await this.repository.settle(delivery, this.outcome(delivery, attempt));
    }
    return true;
  }

  private outcome({ attempts }: WebhookDelivery, attempt: Attempt): AttemptOutcome {
    if (attempt.kind === 'delivered')
      return { last_status: attempt.status, last_error: null, delivered_at: this.clock.timestamp() };
    if (attempt.kind === 'aborted')
      return {
        last_status: null,
        last_error: 'The platform stopped during the delivery',
        next_at: this.clock.timestamp(),
      };
    const { status: last_status, error: last_error } = attempt;
    if (attempt.kind === 'refused' || attempts >= ATTEMPTS) return { last_status, last_error, gives_up: true };
    const longest = this.settings.get('WEBHOOK_RETRY_MS') * GROWTH ** (attempts - 1);
    const pause = longest * (0.5 + Math.random() / 2);
    setTimeout(() => this.outbox.kick(), pause + 1).unref();
    return { last_status, last_error, next_at: this.inFuture(pause) };
  }

  private inFuture(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
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

/** The query may carry a token of the receiver, which readers of the record must not see. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}
