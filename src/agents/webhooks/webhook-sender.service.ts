import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../../platform/outgoing/outgoing.errors.js';
import { Clock } from '../../shared/clock.js';
import type { Invocation } from '../invocation.js';
import { invocationView } from '../invocation-view.js';
import type { WebhookDelivery } from './webhook-delivery.js';
import { WebhookSecrets } from './webhook-secrets.service.js';
import { signedHeaders } from './webhook-signature.js';

const TIMEOUT_MS = 10_000;
/** What a receiver answers is not read for more than its status. */
const ANSWER_BYTES = 64_000;
/** The receiver says that it wants nothing more. */
const GONE = 410;

export type Attempt =
  | { kind: 'delivered'; status: number }
  | { kind: 'refused' | 'failed'; status: number | null; error: string }
  | { kind: 'aborted' };

/** One attempt to tell a webhook how a run ended. */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly secrets: WebhookSecrets,
    private readonly clock: Clock,
  ) {}

  /** `refused` is not worth another attempt. Never rejects for what the other side does. */
  async send({ delivery_id, url }: WebhookDelivery, invocation: Invocation, signal: AbortSignal): Promise<Attempt> {
    const body = JSON.stringify(payload(invocation), inOrder);
    const message = { id: delivery_id, sent_at: this.clock.now(), body };
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Nexus-Webhook/1',
      ...signedHeaders(this.secrets.of(invocation.org_id), message),
    };
    const bounds = { timeout_ms: TIMEOUT_MS, max_bytes: ANSWER_BYTES, max_redirects: 0 };
    try {
      const { status } = await this.outgoing.request({ url, method: 'POST', headers, body, signal, ...bounds });
      if (status >= 200 && status < 300) return { kind: 'delivered', status };
      return { kind: status === GONE ? 'refused' : 'failed', status, error: `The address answered ${status}` };
    } catch (error) {
      if (error instanceof OutgoingRefusedError) return { kind: 'refused', status: null, error: error.message };
      if (!(error instanceof OutgoingFailedError)) throw error;
      if (error.reason === 'aborted') return { kind: 'aborted' };
      return { kind: 'failed', status: null, error: error.message };
    }
  }
}

/** The database keeps no order of names; every attempt is to say the same to the byte. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Built from the record, which does not change any more. */
function payload(invocation: Invocation) {
  return {
    type: invocation.status === 'success' ? 'invocation.completed' : 'invocation.failed',
    timestamp: invocation.completed_at,
    data: invocationView(invocation, false),
  };
}
