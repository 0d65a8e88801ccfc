import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/database/client/dynamodb.js';
import { IDENTITY_TABLE, secretKey } from '../identity.tables.js';
import type { Principal } from '../principal.js';

/** The holder may open the event stream at `path` once. */
export interface StreamTicket extends Pick<Principal, 'org_id' | 'user_id' | 'via' | 'token_id' | 'is_operator'> {
  path: string;
  /** Seconds since 1970. */
  expires_at: number;
}

/** Tickets are named by the hash of their secret. */
@Injectable()
export class StreamTicketsRepository {
  constructor(private readonly db: DynamoDb) {}

  async create(hash: string, ticket: StreamTicket): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'STREAM_TICKET'), ...ticket } });
  }

  /**
   * Uses the ticket up. Of two requests with the same ticket, in whatever processes, one gets it.
   * @param now seconds since 1970
   * @returns undefined when it is unknown, used, expired or for another path, which leaves it as it is
   */
  async take(hash: string, path: string, now: number): Promise<StreamTicket | undefined> {
    try {
      return await this.db.update<StreamTicket>({
        TableName: IDENTITY_TABLE,
        Key: { ...secretKey(hash, 'STREAM_TICKET') },
        UpdateExpression: 'SET used = :used',
        ConditionExpression: 'attribute_not_exists(used) AND #path = :path AND expires_at > :now',
        ExpressionAttributeNames: { '#path': 'path' },
        ExpressionAttributeValues: { ':used': true, ':path': path, ':now': now },
      });
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }
}
