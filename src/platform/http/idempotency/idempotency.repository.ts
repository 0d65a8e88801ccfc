import { gunzipSync, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { conditionFailed, DynamoDb } from '../../database/client/dynamodb.js';

const TABLE = 'PlatformIdempotency';
const KEPT_SECONDS = 24 * 3600;
/** A request that has not answered for so long died with its process; the next one with its key may run. */
const ABANDONED_SECONDS = 15 * 60;
/** An item holds 400 KB; answers compress well, and one that still does not fit is remembered without its body. */
const BODY_LIMIT_BYTES = 350_000;

export interface RememberedAnswer {
  body_hash: string;
  state: 'running' | 'answered';
  /** Undefined when it was too large to keep or was streamed. */
  answer?: KeptAnswer;
}

/** What a repeated request is answered: the same body with the same status and the same Location. */
export interface KeptAnswer {
  status: number;
  location?: string;
  body: unknown;
}

interface Row {
  request_key: string;
  body_hash: string;
  state: 'running' | 'answered';
  body?: Uint8Array;
  expires_at: number;
  abandoned_at: number;
}

@Injectable()
export class IdempotencyRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
  ) {}

  /** Takes the key for a request. @returns undefined when it was free, else what is known of the request that has it. */
  async take(request_key: string, body_hash: string): Promise<RememberedAnswer | undefined> {
    const now = this.now();
    const keyIsFree =
      'attribute_not_exists(request_key) OR expires_at < :now OR (#state = :running AND abandoned_at < :now)';
    const Item: Row = {
      request_key,
      body_hash,
      state: 'running',
      expires_at: now + KEPT_SECONDS,
      abandoned_at: now + ABANDONED_SECONDS,
    };
    try {
      await this.db.put({
        TableName: TABLE,
        Item,
        ConditionExpression: keyIsFree,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':now': now, ':running': 'running' },
      });
      return undefined;
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return this.find(request_key);
    }
  }

  /**
   * @param answer undefined when it was streamed
   * @param body_hash when the body was not known before the request was answered
   */
  async remember(request_key: string, answer: KeptAnswer | undefined, body_hash: string): Promise<void> {
    const body = gzipSync(JSON.stringify(answer ?? null));
    const fits = body.byteLength <= BODY_LIMIT_BYTES;
    await this.db.update({
      TableName: TABLE,
      Key: { request_key },
      UpdateExpression: `SET #state = :answered, body_hash = :hash${fits ? ', #body = :body' : ''}`,
      ExpressionAttributeNames: { '#state': 'state', ...(fits ? { '#body': 'body' } : {}) },
      ExpressionAttributeValues: { ':answered': 'answered', ':hash': body_hash, ...(fits ? { ':body': body } : {}) },
    });
  }

  /** The request failed: the same key may try again. */
  async forget(request_key: string): Promise<void> {
    await this.db.delete({ TableName: TABLE, Key: { request_key } });
  }

  private async find(request_key: string): Promise<RememberedAnswer> {
    const row = await this.db.get<Row>(TABLE, { request_key });
    if (!row) return { body_hash: '', state: 'running' };
    const { body_hash, state, body } = row;
    const answer = body ? (JSON.parse(gunzipSync(body).toString()) as KeptAnswer | null) : null;
    return { body_hash, state, ...(answer ? { answer } : {}) };
  }

  private now(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}
