import { Injectable } from '@nestjs/common';
import { CachedReads } from '../../platform/async/cached-reads.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { Clock } from '../../shared/clock.js';
import { IDENTITY_TABLE, type RecordKey, revokedTokenKey } from '../identity.tables.js';

/** An open stream looks once a second, and the contract allows 5 seconds until it ends. */
export const KEPT_MS = 4_000;
const LARGEST = 20_000;

/**
 * The records that decide whether a request is accepted: sign-ins, users, memberships and keys. They are cached for 4 seconds, so
 * most requests cost no call to the database; the records that a request lacks are read in one batch. A change made by this process
 * is seen at once. Missing records are cached too, failed reads are not.
 */
@Injectable()
export class StandingRepository {
  private readonly entries: CachedReads;

  constructor(
    private readonly db: DynamoDb,
    clock: Clock,
  ) {
    this.entries = new CachedReads({ fresh_ms: KEPT_MS, max: LARGEST, now: () => clock.now().getTime() });
  }

  /** @throws DatabaseError */
  read<T>(key: RecordKey): Promise<T | undefined> {
    return this.entries.read(nameOf(key), () => this.db.get<T>(IDENTITY_TABLE, { ...key }));
  }

  /** Refuses an access token until it expires: here at once, in other processes within 4 seconds. @param expires_at seconds since 1970 */
  async revokeToken(jti: string, expires_at: number): Promise<void> {
    const key = revokedTokenKey(jti);
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...key, expires_at } });
    this.forget(key);
  }

  /** Call it after the change is stored: a read that began earlier may hold the old record. */
  forget(...keys: RecordKey[]): void {
    for (const key of keys) this.entries.forget(nameOf(key));
  }
}

const nameOf = ({ pk, sk }: RecordKey): string => `${pk}\n${sk}`;
