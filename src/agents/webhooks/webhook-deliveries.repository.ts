import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type UpdateInput } from '../../platform/dynamodb/dynamodb.js';
import { DELIVERY_TABLE, type WebhookDelivery } from './webhook-delivery.js';

/** What is known of an attempt when it is over. */
export type AttemptOutcome = Pick<WebhookDelivery, 'last_status' | 'last_error'> &
  ({ delivered_at: string } | { next_at: string } | { gives_up: true });

@Injectable()
export class WebhookDeliveriesRepository {
  constructor(private readonly db: DynamoDb) {}

  /** GET /invocations/{id}, of a run that has a webhook. */
  async find(org_id: string, invocation_id: string): Promise<WebhookDelivery | undefined> {
    const delivery = await this.db.get<WebhookDelivery>(DELIVERY_TABLE, { invocation_id });
    return delivery?.org_id === org_id ? delivery : undefined;
  }

  /** Deliveries whose next attempt is due, longest due first. */
  async listDue(at: string, limit: number): Promise<{ invocation_id: string; due_at: string }[]> {
    const { items } = await this.db.query<{ invocation_id: string; due_at: string }>({
      TableName: DELIVERY_TABLE,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'due = :due AND due_at <= :at',
      ExpressionAttributeValues: { ':due': 'DUE', ':at': at },
      Limit: limit,
    });
    return items;
  }

  /** Takes an attempt for this process until `lease_until`. @returns undefined when another one has it. */
  async claim(invocation_id: string, due_at: string, lease_until: string): Promise<WebhookDelivery | undefined> {
    return this.change({
      TableName: DELIVERY_TABLE,
      Key: { invocation_id },
      UpdateExpression: 'SET due_at = :lease ADD attempts :one',
      ConditionExpression: 'due_at = :seen',
      ExpressionAttributeValues: { ':seen': due_at, ':lease': lease_until, ':one': 1 },
    });
  }

  /** Ends a claimed attempt. Nothing happens when the claim was lost, or the delivery is gone with its invocation. */
  async settle({ invocation_id, due_at }: WebhookDelivery, outcome: AttemptOutcome): Promise<void> {
    const next = 'next_at' in outcome ? outcome.next_at : undefined;
    const status = next !== undefined ? 'pending' : 'delivered_at' in outcome ? 'delivered' : 'failed';
    await this.change({
      TableName: DELIVERY_TABLE,
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
    await this.db.delete({ TableName: DELIVERY_TABLE, Key: { invocation_id } });
  }

  async deleteByOrg(org_id: string): Promise<void> {
    await this.db.deleteMatching<WebhookDelivery>(
      DELIVERY_TABLE,
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
