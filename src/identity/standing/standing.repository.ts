import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/dynamodb/dynamodb.js';
import { IDENTITY_TABLE, type RecordKey, revokedTokenKey } from '../identity-keys.js';

/** The records by which a request is let in or not. */
@Injectable()
export class StandingRepository {
  constructor(private readonly db: DynamoDb) {}

  async find(key: RecordKey): Promise<Record<string, unknown> | undefined> {
    return this.db.get<Record<string, unknown>>(IDENTITY_TABLE, { ...key });
  }

  /** Refuses an access token until it would have expired anyway. */
  async revokeToken(jti: string, expires_at: number): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...revokedTokenKey(jti), expires_at } });
  }
}
