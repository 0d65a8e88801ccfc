import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { Settings } from '../config/settings.js';
import { cursorSecret } from '../database/cursors.js';
import { OutgoingHttp } from '../outgoing/outgoing-http.js';
import { OutgoingFailedError, OutgoingRefusedError } from '../outgoing/outgoing.errors.js';

const SECRET_PREFIX = 'whsec_';
const KEY_BYTES = 32;
const TIMEOUT_MS = 10_000;
/** Only the status of the answer is used. */
const ANSWER_BYTES = 64_000;
/** The receiver refuses further calls. */
const GONE = 410;

/** How one attempt to deliver a webhook ended. `refused` must not be retried. */
export type Attempt =
  | { kind: 'delivered'; status: number }
  | { kind: 'refused' | 'failed'; status: number | null; error: string }
  | { kind: 'aborted' };

/** Signed calls to webhooks, as Standard Webhooks 1.0 defines them (standardwebhooks.com). */
@Injectable()
export class SignedWebhooks {
  private key: string | Buffer | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly outgoing: OutgoingHttp,
    private readonly clock: Clock,
  ) {}

  /**
   * The secret that signs the webhooks of an organization. It is derived from the platform's key (RFC 5869), so it is not
   * stored, and it changes when that key changes.
   */
  secretOf(org_id: string): string {
    // Read at the first use: programs that send no webhooks may have no data directory.
    this.key ??= this.settings.get('JWT_SECRET_KEY') ?? cursorSecret(this.settings.get('NEXUS_DATA_DIR'));
    const secret = hkdfSync('sha256', this.key, '', `nexus webhook signing 1 ${org_id}`, KEY_BYTES);
    return SECRET_PREFIX + Buffer.from(secret).toString('base64');
  }

  /** One attempt to deliver. Attempts with the same id and payload send the same bytes. Never rejects because of the receiver. */
  async send(
    call: { org_id: string; id: string; url: string; payload: unknown },
    signal: AbortSignal,
  ): Promise<Attempt> {
    const { org_id, id, url, payload } = call;
    const body = JSON.stringify(payload, inOrder);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Nexus-Webhook/1',
      ...signedHeaders(this.secretOf(org_id), { id, sent_at: this.clock.now(), body }),
    };
    const bounds = { timeout_ms: TIMEOUT_MS, max_bytes: ANSWER_BYTES, max_redirects: 0 };
    try {
      const { status } = await this.outgoing.request({ url, method: 'POST', headers, body, signal, ...bounds });
      if (status >= 200 && status < 300) return { kind: 'delivered', status };
      return { kind: status === GONE ? 'refused' : 'failed', status, error: `The receiver returned ${status}` };
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

/** HMAC-SHA256 with the decoded secret over `id.timestamp.body`, in Base64. */
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
