import type { TransactItem } from '../../platform/dynamodb/dynamodb.js';
import type { Invocation } from '../invocation.js';

export const DELIVERY_TABLE = 'AgentWebhookDeliveries';
const KEPT_SECONDS = 30 * 24 * 3600;
const DUE = 'DUE';

/** Telling an address how a run ended. It has the life of its invocation, at most 30 days. */
export interface WebhookDelivery {
  invocation_id: string;
  org_id: string;
  /** The same in every attempt, so that a receiver can tell repetitions. */
  delivery_id: string;
  url: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  /** Only while it is pending: when the next attempt is due, or, while one is under way, when it counts as lost. */
  due?: typeof DUE;
  due_at?: string;
  delivered_at: string | null;
  /** Seconds since 1970. */
  expires_at: number;
}

/** Stored together with the end of the run, so that no end goes untold. */
export function dueDelivery(
  { invocation_id, org_id, webhook }: Pick<Invocation, 'invocation_id' | 'org_id' | 'webhook'>,
  at: string,
): TransactItem[] {
  if (!webhook) return [];
  const Item: WebhookDelivery = {
    invocation_id,
    org_id,
    ...webhook,
    status: 'pending',
    attempts: 0,
    last_status: null,
    last_error: null,
    due: DUE,
    due_at: at,
    delivered_at: null,
    expires_at: Math.floor(Date.parse(at) / 1000) + KEPT_SECONDS,
  };
  return [{ Put: { TableName: DELIVERY_TABLE, Item } }];
}
