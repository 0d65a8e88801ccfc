import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../platform/dynamodb/dynamodb.js';
import { Clock } from '../shared/clock.js';
import { attemptsKey, IDENTITY_TABLE } from './identity-keys.js';
import { secretHash } from './secrets.js';

/** Attempts per name in fixed windows, counted in the database, so that all processes share them. */
@Injectable()
export class AttemptCounts {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
  ) {}

  /** Counts one attempt, atomically. @returns how many the window has now, this one included, and seconds until it ends. */
  async add(name: string, window_seconds: number): Promise<{ count: number; seconds_left: number }> {
    const now = this.clock.now().getTime() / 1000;
    const window = Math.floor(now / window_seconds);
    const ends = (window + 1) * window_seconds;
    const { count } = await this.db.update<{ count: number }>({
      TableName: IDENTITY_TABLE,
      Key: { ...attemptsKey(secretHash(name), window) },
      UpdateExpression: 'SET expires_at = :ends ADD #count :one',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':ends': ends, ':one': 1 },
    });
    return { count, seconds_left: Math.max(1, Math.ceil(ends - now)) };
  }
}
