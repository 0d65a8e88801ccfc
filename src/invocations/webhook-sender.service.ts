import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../platform/config/settings.js';
import { cursorSecret } from '../platform/database/cursors.js';
import { OutgoingHttp } from '../platform/outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../platform/outgoing/outgoing.errors.js';
import { Clock } from '../shared/clock.js';
import type { Invocation } from './invocation.js';
import { invocationView } from './invocation-view.js';
import type { WebhookDelivery } from './webhook-deliveries.repository.js';

const SECRET_PREFIX = 'whsec_';
const KEY_BYTES = 32;
const TIMEOUT_MS = 10_000;
/** Only the status of the answer is used. */
const ANSWER_BYTES = 64_000;
/** The receiver does not want more calls. */
const GONE = 410;

export type Attempt =
  | { kind: 'delivered'; status: number }
  | { kind: 'refused' | 'failed'; status: number | null; error: string }
  | { kind: 'aborted' };

/** Sends signed calls to webhooks. */
@Injectable()
export class WebhookSender {
  private readonly key: string | Buffer;

  constructor(
    settings: Settings,
    private readonly outgoing: OutgoingHttp,
    private readonly clock: Clock,
  ) {
    this.key = settings.get('JWT_SECRET_KEY') ?? cursorSecret(settings.get('NEXUS_DATA_DIR'));
  }

  /**
   * The secret that signs the webhooks of an organization. It is derived from the platform's key (RFC 5869), so it is not
   * stored, and it changes when that key changes.
   */
  secretOf(org_id: string): string {
    const secret = hkdfSync('sha256', this.key, '', `nexus webhook signing 1 ${org_id}`, KEY_BYTES);
    return SECRET_PREFIX + Buffer.from(secret).toString('base64');
  }

  /** One attempt to deliver. `refused` must not be retried. Never rejects because of the receiver. */
  async send({ delivery_id, url }: WebhookDelivery, invocation: Invocation, signal: AbortSignal): Promise<Attempt> {
    const body = JSON.stringify(payload(invocation), inOrder);
    const message = { id: delivery_id, sent_at: this.clock.now(), body };
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Nexus-Webhook/1',
      ...signedHeaders(this.secretOf(invocation.org_id), message),
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

/** The database does not keep the order of names, and every attempt must send the same bytes. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Built from the record, which no longer changes. */
function payload(invocation: Invocation) {
  return {
    type: invocation.status === 'success' ? 'invocation.completed' : 'invocation.failed',
    timestamp: invocation.completed_at,
    data: invocationView(invocation, false),
  };
}

/**
 * The headers of a signed call as Standard Webhooks 1.0 defines them (standardwebhooks.com): HMAC-SHA256 with the decoded
 * secret over `id.timestamp.body`, in Base64.
 */
export function signedHeaders(
  secret: string,
  message: { id: string; sent_at: Date; body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(message.sent_at.getTime() / 1000));
  const signature = createHmac('sha256', Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .update(`${message.id}.${timestamp}.${message.body}`)
    .digest('base64');
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
