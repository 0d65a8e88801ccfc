import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type UpdateInput } from '../platform/database/client/dynamodb.js';
import { write, type Write } from '../platform/database/unit-of-work.js';
import type { Invocation } from './invocation.js';

const TABLE = 'AgentWebhookDeliveries';
const KEPT_SECONDS = 30 * 24 * 3600;
const DUE = 'DUE';

/** A request that reports the end of a run. Kept as long as its invocation, at most 30 days. */
export interface WebhookDelivery {
  invocation_id: string;
  org_id: string;
  /** The same in every attempt, so that a receiver recognizes repeated calls. */
  delivery_id: string;
  url: string;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  /** Only while pending: when the next attempt is due, or when the attempt under way counts as lost. */
  due?: typeof DUE;
  due_at?: string;
  delivered_at: string | null;
  /** Seconds since 1970. */
  expires_at: number;
}

/** Stored in the transaction that ends the run, so that every end is delivered. */
export function dueDelivery(
  { invocation_id, org_id, webhook }: Pick<Invocation, 'invocation_id' | 'org_id' | 'webhook'>,
  at: string,
): Write[] {
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
  return [write.put({ TableName: TABLE, Item })];
}

/** How an attempt ended. */
export type AttemptOutcome = Pick<WebhookDelivery, 'last_status' | 'last_error'> &
  ({ delivered_at: string } | { next_at: string } | { gives_up: true });

@Injectable()
export class WebhookDeliveriesRepository {
  constructor(private readonly db: DynamoDb) {}

  /** GET /invocations/{id}, of a run that has a webhook. */
  async find(org_id: string, invocation_id: string): Promise<WebhookDelivery | undefined> {
    const delivery = await this.db.get<WebhookDelivery>(TABLE, { invocation_id });
    return delivery?.org_id === org_id ? delivery : undefined;
  }

  /** Deliveries whose next attempt is due, longest due first. */
  async listDue(at: string, limit: number): Promise<{ invocation_id: string; due_at: string }[]> {
    const { items } = await this.db.query<{ invocation_id: string; due_at: string }>({
      TableName: TABLE,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'due = :due AND due_at <= :at',
      ExpressionAttributeValues: { ':due': DUE, ':at': at },
      Limit: limit,
    });
    return items;
  }

  /** Claims an attempt for this process until `lease_until`. @returns undefined when another process has it. */
  async claim(invocation_id: string, due_at: string, lease_until: string): Promise<WebhookDelivery | undefined> {
    return this.change({
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression: 'SET due_at = :lease ADD attempts :one',
      ConditionExpression: 'due_at = :seen',
      ExpressionAttributeValues: { ':seen': due_at, ':lease': lease_until, ':one': 1 },
    });
  }

  /** Ends a claimed attempt. Does nothing when the claim was lost or the delivery was deleted with its invocation. */
  async settle({ invocation_id, due_at }: WebhookDelivery, outcome: AttemptOutcome): Promise<void> {
    const next = 'next_at' in outcome ? outcome.next_at : undefined;
    const status = next !== undefined ? 'pending' : 'delivered_at' in outcome ? 'delivered' : 'failed';
    await this.change({
      TableName: TABLE,
      Key: { invocation_id },
      UpdateExpression:
        'SET #status = :status, last_status = :last_status, last_error = :last_error, delivered_at = :delivered' +
        (next === undefined ? ' REMOVE due, due_at' : ', due_at = :next'),
      ConditionExpression: 'due_at = :claim',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':status': status,
        ':last_status': outcome.last_status,
        ':last_error': outcome.last_error,
        ':delivered': 'delivered_at' in outcome ? outcome.delivered_at : null,
        ':claim': due_at,
        ...(next === undefined ? {} : { ':next': next }),
      },
    });
  }

  async delete(invocation_id: string): Promise<void> {
    await this.db.delete({ TableName: TABLE, Key: { invocation_id } });
  }

  async deleteByOrg(org_id: string): Promise<void> {
    await this.db.deleteMatching<WebhookDelivery>(
      TABLE,
      (delivery) => delivery.org_id === org_id,
      ({ invocation_id }) => ({ invocation_id }),
    );
  }

  private async change(input: UpdateInput): Promise<WebhookDelivery | undefined> {
    try {
      return await this.db.update<WebhookDelivery>(input);
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return undefined;
    }
  }
}
