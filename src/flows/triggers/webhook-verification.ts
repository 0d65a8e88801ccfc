import { parse as parseForm } from 'node:querystring';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Verification } from './trigger.js';

/** An inbound webhook as it came: signatures are over its bytes. Header names are in lower case. */
export interface InboundCall {
  body: Buffer;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
}

/** Whether a call is signed with the secret, and the id by which a second delivery of it is recognized. */
export type Verdict =
  | { is_genuine: false }
  | {
      is_genuine: true;
      delivery_id: string | undefined;
      /** The sender only checks the address, and expects this text as the answer. */
      challenge?: string;
    };

const REFUSED: Verdict = { is_genuine: false };

/** Compares in constant time. A call without a timestamp, or with one outside of the tolerance, is refused. */
export function verdictOn(verification: Verification, secret: string, call: InboundCall, now: Date): Verdict {
  const { headers, body } = call;
  switch (verification.kind) {
    case 'none':
      return { is_genuine: true, delivery_id: statedId(headers) };
    case 'token': {
      const given =
        headers[verification.header.toLowerCase()] ?? headers['authorization']?.replace(/^Bearer /i, '') ?? '';
      return isSame(given, secret) ? { is_genuine: true, delivery_id: statedId(headers) } : REFUSED;
    }
    case 'github': {
      const signature = `sha256=${mac('sha256', secret, 'hex', body)}`;
      if (!isSame(headers['x-hub-signature-256'] ?? '', signature)) return REFUSED;
      return { is_genuine: true, delivery_id: headers['x-github-delivery'] ?? signature };
    }
    case 'stripe': {
      const parts = (headers['stripe-signature'] ?? '').split(',').map((part) => part.trim().split('=', 2));
      const time = parts.find(([name]) => name === 't')?.[1] ?? '';
      const expected = mac('sha256', secret, 'hex', Buffer.from(`${time}.`), body);
      const isSigned = parts.some(([name, value = '']) => name === 'v1' && isSame(value, expected));
      if (!isSigned || !isRecent(time, verification.tolerance_seconds, now)) return REFUSED;
      return { is_genuine: true, delivery_id: fieldOf(body, 'id') ?? expected };
    }
    case 'slack': {
      const time = headers['x-slack-request-timestamp'] ?? '';
      const expected = `v0=${mac('sha256', secret, 'hex', Buffer.from(`v0:${time}:`), body)}`;
      const isSigned = isSame(headers['x-slack-signature'] ?? '', expected);
      if (!isSigned || !isRecent(time, verification.tolerance_seconds, now)) return REFUSED;
      const challenge = fieldOf(body, 'type') === 'url_verification' ? fieldOf(body, 'challenge') : undefined;
      if (challenge !== undefined) return { is_genuine: true, delivery_id: undefined, challenge };
      return { is_genuine: true, delivery_id: fieldOf(body, 'event_id') ?? expected };
    }
    case 'hmac': {
      const { header, algorithm, encoding, prefix = '', timestamp_header, tolerance_seconds } = verification;
      const time = timestamp_header === undefined ? undefined : (headers[timestamp_header.toLowerCase()] ?? '');
      const before = time === undefined ? Buffer.alloc(0) : Buffer.from(`${time}.`);
      const expected = prefix + mac(algorithm, secret, encoding, before, body);
      const isSigned = isSame(headers[header.toLowerCase()] ?? '', expected);
      if (!isSigned || (time !== undefined && !isRecent(time, tolerance_seconds, now))) return REFUSED;
      // Without a timestamp or an id, the same body may be sent again on purpose.
      return { is_genuine: true, delivery_id: statedId(headers) ?? (time === undefined ? undefined : expected) };
    }
  }
}

function mac(algorithm: string, secret: string, encoding: 'hex' | 'base64', ...parts: Buffer[]): string {
  const hmac = createHmac(algorithm, secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest(encoding);
}

/** Of hashes, so that neither content nor length can be timed. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

function isRecent(timestamp: string, tolerance_seconds: number, now: Date): boolean {
  if (!/^\d{1,13}$/.test(timestamp)) return false;
  const seconds = timestamp.length > 11 ? Number(timestamp) / 1000 : Number(timestamp);
  return Math.abs(now.getTime() / 1000 - seconds) <= tolerance_seconds;
}

function statedId(headers: InboundCall['headers']): string | undefined {
  const id = headers['webhook-id'] ?? headers['x-delivery-id'] ?? headers['idempotency-key'];
  return id === undefined || id === '' ? undefined : id.slice(0, 200);
}

function fieldOf(body: Buffer, field: string): string | undefined {
  const value = parsedBody(body);
  if (typeof value !== 'object' || value === null) return undefined;
  const id = (value as Record<string, unknown>)[field];
  return typeof id === 'string' ? id.slice(0, 200) : undefined;
}

/** The fields of a form, by its content type; otherwise JSON when it is, or the text. A field that is repeated is a list. */
export function parsedBody(body: Buffer, content_type = ''): unknown {
  const text = body.toString('utf8');
  if (/^application\/x-www-form-urlencoded\b/i.test(content_type)) return { ...parseForm(text) };
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
