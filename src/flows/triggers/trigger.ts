import { Cron } from 'croner';
import { z } from 'zod';
import { PLATFORM_EVENT_TYPES } from '../../platform/events/platform-events.repository.js';
import type { SealedSecret } from '../../platform/secrets/secret-box.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { parse as parseForm } from 'node:querystring';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const FLOW_TRIGGER_KINDS = ['schedule', 'webhook', 'event'] as const;
export type FlowTriggerKind = (typeof FLOW_TRIGGER_KINDS)[number];

export const EVENT_TYPES = [
  'flow_run.completed',
  'flow_run.failed',
  'flow_run.cancelled',
  'flow_run.timed_out',
  ...PLATFORM_EVENT_TYPES,
] as const;
export type FlowEventType = (typeof EVENT_TYPES)[number];

const json = z.json();
const SHORTEST_SECONDS = 10;
const LONGEST_SECONDS = 366 * 86_400;

const timezone = z
  .string()
  .max(100)
  .refine(isTimezone, 'must be an IANA time zone such as Europe/Berlin')
  .default('UTC');

const scheduleSchema = z
  .strictObject({
    cron: z
      .string()
      .max(200)
      .refine(isPattern, 'must be a cron pattern of five or six fields, such as "0 9 * * 1-5"')
      .optional(),
    every_seconds: z.number().int().min(SHORTEST_SECONDS).max(LONGEST_SECONDS).optional(),
    timezone,
    overlap: z.enum(['skip', 'queue', 'allow']).default('skip'),
    catch_up: z.enum(['none', 'last', 'all']).default('last'),
    input: z.record(z.string(), json).default({}),
  })
  .refine(
    ({ cron, every_seconds }) => (cron === undefined) !== (every_seconds === undefined),
    'needs either cron or every_seconds',
  );

const header = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'must be a header name');
const secret = z.string().min(8).max(1_000).optional();
const tolerance_seconds = z.number().int().min(1).max(3_600).default(300);

const verificationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('hmac'),
    header,
    algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    prefix: z.string().max(50).optional(),
    /** With it, the signature is over `<timestamp>.<body>`. */
    timestamp_header: header.optional(),
    tolerance_seconds,
    secret,
  }),
  z.strictObject({ kind: z.literal('github'), secret }),
  z.strictObject({ kind: z.literal('stripe'), tolerance_seconds, secret }),
  z.strictObject({ kind: z.literal('slack'), tolerance_seconds, secret }),
  z.strictObject({ kind: z.literal('token'), header: header.default('x-webhook-token'), secret }),
]);

const webhookSchema = z.strictObject({
  verification: verificationSchema,
  /** A value with expressions over `body`, `headers` and `query`; the body unless given. */
  input: json.optional(),
});

const eventSchema = z.strictObject({
  type: z.enum(EVENT_TYPES),
  /** An expression over `event`. */
  filter: z.string().min(1).max(4_000).optional(),
});

export const TRIGGER_CONFIGS = { schedule: scheduleSchema, webhook: webhookSchema, event: eventSchema } as const;

export type Schedule = z.infer<typeof scheduleSchema>;
export type Verification = z.infer<typeof verificationSchema>;
/** The secret of a verification is stored apart, sealed. */
export type WebhookConfig = Omit<z.infer<typeof webhookSchema>, 'verification'> & {
  verification: Omit<Verification, 'secret'> & { kind: Verification['kind'] };
};
export type EventConfig = z.infer<typeof eventSchema>;

/** What starts runs of a flow by itself. */
export interface FlowTrigger {
  trigger_id: string;
  org_id: string;
  user_id: string;
  flow_id: string;
  kind: FlowTriggerKind;
  enabled: boolean;
  schedule?: Schedule;
  webhook?: WebhookConfig;
  event?: EventConfig;
  /** The address of an inbound webhook; random, because it is all that a caller needs to know. */
  hook_id?: string;
  secret?: SealedSecret | null;
  /** When a schedule is due next. */
  /** The engine calls at each time; the platform looks only for what it has missed. */
  is_on_engine?: boolean;
  due_at?: string;
  last_run_id: string | null;
  last_fired_at: string | null;
  last_error: string | null;
  created_at: string;
}

/** The context that the secret of a trigger is bound to when it is sealed. */
export const triggerBinding = ({ org_id, trigger_id }: Pick<FlowTrigger, 'org_id' | 'trigger_id'>): string =>
  `flow-trigger:${org_id}:${trigger_id}`;

export class TriggerNotFoundError extends NotFoundError {
  constructor(trigger_id: string) {
    super('Trigger', trigger_id);
  }
}

/**
 * The next times of a schedule after a moment. Times of a cron pattern are those of its time zone: one that the change to summer time
 * skips moves to the first moment after the gap, and one that occurs twice in autumn fires once.
 */
export function timesAfter({ cron, every_seconds = 0, timezone }: Schedule, after: Date, count: number): Date[] {
  if (cron !== undefined) return new Cron(cron, { timezone, paused: true }).nextRuns(count, after);
  return Array.from({ length: count }, (_, index) => new Date(after.getTime() + (index + 1) * every_seconds * 1000));
}

const CAUGHT_UP_MAX = 100;
/** A time that is missed by less was not missed: the platform looks every second. */
const MISSED_MS = 60_000;

/** The times that have come, of a schedule that was due first at `due_at`, and when it is due next. */
export function dueTimes(schedule: Schedule, due_at: string, now: Date): { fire: string[]; next: string } {
  const due: Date[] = [];
  let next = new Date(due_at);
  while (next <= now && due.length <= CAUGHT_UP_MAX) {
    due.push(next);
    const [following] = timesAfter(schedule, next, 1);
    if (!following) break;
    next = following;
  }
  // After a long time only the last of many missed ones count.
  if (next <= now) next = timesAfter(schedule, now, 1)[0] ?? new Date(now.getTime() + LONGEST_SECONDS * 1000);
  const isRecent = (at: Date): boolean => now.getTime() - at.getTime() < MISSED_MS;
  const last = due.at(-1);
  const fire =
    schedule.catch_up === 'all'
      ? due.slice(-CAUGHT_UP_MAX)
      : last && (schedule.catch_up === 'last' || isRecent(last))
        ? [last]
        : [];
  return { fire: fire.map((at) => at.toISOString()), next: next.toISOString() };
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isPattern(pattern: string): boolean {
  try {
    return new Cron(pattern, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

/** An inbound webhook as it came: signatures are over its bytes. Header names are in lower case. */
export interface InboundCall {
  body: Buffer;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
}

/** Whether a call is signed with the secret, and the id by which a second delivery of it is recognized. */
type Verdict =
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
