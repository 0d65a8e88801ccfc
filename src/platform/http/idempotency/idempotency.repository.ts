import { randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Clock } from '../../../shared/clock.js';
import { conditionFailed, DynamoDb } from '../../database/client/dynamodb.js';

const TABLE = 'PlatformIdempotency';
const KEPT_SECONDS = 24 * 3600;
/** A running request that has not been renewed for this long died with its process; its key may be used again. */
const ABANDONED_SECONDS = 60;
/** How often a running request is renewed; most have ended before. */
export const RENEWED_EVERY_MS = 20_000;
/** Begins the name of every request that this process runs. */
const PROCESS = randomUUID();
const IS_OURS = 'holder = :holder';
/** An item has at most 400 KB; responses compress well, and one that still does not fit is stored without its body. */
const BODY_LIMIT_BYTES = 350_000;

export interface RememberedAnswer {
  body_hash: string;
  state: 'running' | 'answered';
  /** Undefined when it was too large to keep or was streamed. */
  answer?: KeptAnswer;
}

/** The response to a repeated request: the same body, status and Location. */
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
  /** The request that runs; absent in rows of version 1.0.0. */
  holder?: string;
}

@Injectable()
export class IdempotencyRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** A name for a request. */
  newHolder(): string {
    return `${PROCESS} ${randomUUID()}`;
  }

  /**
   * Takes the key for a request. The key of a request that died is free after a minute; on the embedded database, which only one
   * process can hold, at once.
   * @returns undefined when it was free, else what is known of the request that has it.
   */
  async take(request_key: string, body_hash: string, holder: string): Promise<RememberedAnswer | undefined> {
    const now = this.now();
    const isOnlyProcess = this.settings.get('NEXUS_DATABASE') === 'embedded';
    const isDead = `abandoned_at < :now${isOnlyProcess ? ' OR NOT begins_with(holder, :process)' : ''}`;
    const keyIsFree = `attribute_not_exists(request_key) OR expires_at < :now OR (#state = :running AND (${isDead}))`;
    const Item: Row = {
      request_key,
      body_hash,
      state: 'running',
      expires_at: now + KEPT_SECONDS,
      abandoned_at: now + ABANDONED_SECONDS,
      holder,
    };
    try {
      await this.db.put({
        TableName: TABLE,
        Item,
        ConditionExpression: keyIsFree,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ...{ ':now': now, ':running': 'running' },
          ...(isOnlyProcess ? { ':process': PROCESS } : {}),
        },
      });
      return undefined;
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return this.find(request_key);
    }
  }

  /** The request still runs. */
  async renew(request_key: string, holder: string): Promise<void> {
    await this.own(
      this.db.update({
        ...{ TableName: TABLE, Key: { request_key }, UpdateExpression: 'SET abandoned_at = :at' },
        ConditionExpression: IS_OURS,
        ExpressionAttributeValues: { ':at': this.now() + ABANDONED_SECONDS, ':holder': holder },
      }),
    );
  }

  /**
   * Stores the response, unless the request was considered dead and another one has its key.
   * @param answer undefined when it was streamed
   * @param body_hash when the body was not known before the request was answered
   */
  async remember(
    request_key: string,
    answer: KeptAnswer | undefined,
    body_hash: string,
    holder: string,
  ): Promise<void> {
    const body = gzipSync(JSON.stringify(answer ?? null));
    const fits = body.byteLength <= BODY_LIMIT_BYTES;
    await this.own(
      this.db.update({
        TableName: TABLE,
        Key: { request_key },
        ConditionExpression: IS_OURS,
        UpdateExpression: `SET #state = :answered, body_hash = :hash${fits ? ', #body = :body' : ''}`,
        ExpressionAttributeNames: { '#state': 'state', ...(fits ? { '#body': 'body' } : {}) },
        ExpressionAttributeValues: {
          ...{ ':answered': 'answered', ':hash': body_hash, ':holder': holder },
          ...(fits ? { ':body': body } : {}),
        },
      }),
    );
  }

  /** The request failed: the same key may try again. */
  async forget(request_key: string, holder: string): Promise<void> {
    await this.own(
      this.db.delete({
        ...{ TableName: TABLE, Key: { request_key } },
        ConditionExpression: IS_OURS,
        ExpressionAttributeValues: { ':holder': holder },
      }),
    );
  }

  /** A key that another request has claimed is left unchanged. */
  private async own(write: Promise<unknown>): Promise<void> {
    await write.catch((error: unknown) => {
      if (!conditionFailed(error)) throw error;
    });
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
