import { Cron } from 'croner';
import { z } from 'zod';
import { PLATFORM_EVENT_TYPES } from '../../platform/events/platform-events.repository.js';
import type { SealedSecret } from '../../platform/secrets/secret-box.js';
import { NotFoundError } from '../../shared/domain-error.js';

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

const header = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'must be the name of a header');
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
