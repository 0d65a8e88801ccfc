import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { InvocationsRepository } from '../invocations.repository.js';
import { type AttemptOutcome, WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import { type Attempt, WebhookSender } from './webhook-sender.service.js';

const ATTEMPTS = 5;
const GROWTH = 6;
/** An attempt whose process died is made again after this long: more than one may take. */
const LEASE_MS = 60_000;
const AT_A_TIME = 8;

/**
 * Delivers what is due, from whichever process ended the run: at least once, at most five attempts, with growing pauses of
 * random length. An attempt is leased, so two processes do not make the same one, and a crash loses none.
 */
@Injectable()
export class Webhooks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Webhooks.name);
  private readonly stopping = new AbortController();
  private poll: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;
  private isWanted = false;

  constructor(
    private readonly repository: WebhookDeliveriesRepository,
    private readonly invocations: InvocationsRepository,
    private readonly sender: WebhookSender,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.poll = setInterval(() => this.kick(), this.settings.get('WEBHOOK_POLL_SECONDS') * 1000).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.poll);
    this.stopping.abort();
    await this.pass;
  }

  /** Something may be due. */
  kick(): void {
    this.isWanted = true;
    if (this.stopping.signal.aborted) return;
    this.pass ??= this.deliverDue()
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'webhooks could not be delivered, the next look tries again', err: error });
      })
      .finally(() => {
        this.pass = undefined;
      });
  }

  private async deliverDue(): Promise<void> {
    while (this.isWanted && !this.stopping.signal.aborted) {
      this.isWanted = false;
      const due = await this.repository.listDue(this.clock.timestamp(), AT_A_TIME);
      const made = await Promise.all(due.map(({ invocation_id, due_at }) => this.attempt(invocation_id, due_at)));
      // Where nothing could be claimed other processes are at work, or the index lags: the next look comes soon enough.
      if (made.some(Boolean) && due.length === AT_A_TIME) this.isWanted = true;
    }
  }

  /** @returns false when another process makes it. */
  private async attempt(invocation_id: string, due_at: string): Promise<boolean> {
    const delivery = await this.repository.claim(invocation_id, due_at, this.inFuture(LEASE_MS));
    if (!delivery) return false;
    const invocation = await this.invocations.findById(delivery.org_id, invocation_id);
    if (!invocation) await this.repository.delete(invocation_id);
    else {
      const attempt = await this.sender.send(delivery, invocation, this.stopping.signal);
      await this.repository.settle(delivery, this.outcome(delivery, attempt));
    }
    return true;
  }

  private outcome({ attempts }: WebhookDelivery, attempt: Attempt): AttemptOutcome {
    if (attempt.kind === 'delivered')
      return { last_status: attempt.status, last_error: null, delivered_at: this.clock.timestamp() };
    if (attempt.kind === 'aborted')
      return { last_status: null, last_error: 'The platform stopped meanwhile', next_at: this.clock.timestamp() };
    const { status: last_status, error: last_error } = attempt;
    if (attempt.kind === 'refused' || attempts >= ATTEMPTS) return { last_status, last_error, gives_up: true };
    const longest = this.settings.get('WEBHOOK_RETRY_MS') * GROWTH ** (attempts - 1);
    const pause = longest * (0.5 + Math.random() / 2);
    setTimeout(() => this.kick(), pause + 1).unref();
    return { last_status, last_error, next_at: this.inFuture(pause) };
  }

  private inFuture(ms: number): string {
    return new Date(this.clock.now().getTime() + ms).toISOString();
  }
}
