import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/database/client/dynamodb.js';
import { Clock } from '../../shared/clock.js';
import { IDENTITY_TABLE, type RecordKey, secretKey } from '../identity.tables.js';
import type { ProvenIdentity, ProviderName } from './oauth-providers.js';

/** A sign-in that a browser was sent away with. */
export interface OAuthState {
  provider: ProviderName;
  nonce: string;
  code_verifier: string;
  /** Hash of the cookie of the browser that began it. */
  browser: string;
  /** Seconds since 1970. */
  expires_at: number;
}

/** A proven identity that waits to be exchanged for tokens. */
export interface OAuthCode extends Pick<ProvenIdentity, 'email' | 'name'> {
  provider: ProviderName;
  /** Hash of the cookie of the browser that began the sign-in: only it can exchange the code. */
  browser: string;
  expires_at: number;
}

/** Both are named by the hash of a secret that only the browser has, are good once, and expire. */
@Injectable()
export class OAuthRecordsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
  ) {}

  async createState(hash: string, state: OAuthState): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'OAUTH_STATE'), ...state } });
  }

  async createCode(hash: string, code: OAuthCode): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'OAUTH_CODE'), ...code } });
  }

  /** Undefined when it is past, whether or not the table has noticed. */
  findState(hash: string): Promise<OAuthState | undefined> {
    return this.find<OAuthState>(secretKey(hash, 'OAUTH_STATE'));
  }

  /** As {@link findState}. */
  findCode(hash: string): Promise<OAuthCode | undefined> {
    return this.find<OAuthCode>(secretKey(hash, 'OAUTH_CODE'));
  }

  /** Uses it up. @returns false when another request was faster. */
  takeState(hash: string): Promise<boolean> {
    return this.take(secretKey(hash, 'OAUTH_STATE'));
  }

  /** Uses it up. @returns false when another request was faster. */
  takeCode(hash: string): Promise<boolean> {
    return this.take(secretKey(hash, 'OAUTH_CODE'));
  }

  private async find<T extends { expires_at: number }>(key: RecordKey): Promise<T | undefined> {
    const found = await this.db.get<T>(IDENTITY_TABLE, { ...key });
    return found && found.expires_at * 1000 > this.clock.now().getTime() ? found : undefined;
  }

  private async take(key: RecordKey): Promise<boolean> {
    try {
      const isThere = 'attribute_exists(pk)';
      await this.db.delete({ TableName: IDENTITY_TABLE, Key: { ...key }, ConditionExpression: isThere });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}
