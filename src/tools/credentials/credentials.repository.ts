import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type Key } from '../../platform/database/client/dynamodb.js';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import type { Page } from '../../shared/page.js';
import type { AuthorizationState, StoredCredential } from './stored-credential.js';

const TABLE = 'PlatformCredentials';
const PREFIX = 'cred_';

const orgKey = (org_id: string): string => `ORG#${org_id}`;
const stateKey = (hash: string): Key => ({ owner: `STATE#${hash}`, item: 'STATE' });

@Injectable()
export class CredentialsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly cursors: CursorCodec,
  ) {}

  async create(credential: StoredCredential): Promise<void> {
    const { org_id, credential_id } = credential;
    await this.db.put({ TableName: TABLE, Item: { owner: orgKey(org_id), item: credential_id, ...credential } });
  }

  async find(org_id: string, credential_id: string): Promise<StoredCredential | undefined> {
    if (!credential_id.startsWith(PREFIX)) return undefined;
    const row = await this.db.get<StoredCredential & Key>(TABLE, { owner: orgKey(org_id), item: credential_id });
    return row && plain(row);
  }

  /** GET /credentials: newest first. */
  async list(org_id: string, page: { limit: number; last_key?: string | undefined }): Promise<Page<StoredCredential>> {
    const found = await pageOf<StoredCredential & Key>(this.db, this.cursors, {
      query: { ...this.allOf(org_id), ScanIndexForward: false },
      scope: `credentials:${org_id}`,
      limit: page.limit,
      ...(page.last_key === undefined ? {} : { last_key: page.last_key }),
      key_attributes: ['owner', 'item'],
    });
    return { items: found.items.map(plain), last_key: found.last_key };
  }

  /**
   * Lets one process get new tokens.
   * @param now and `until` are timestamps
   * @returns false when another process is getting them, or has got them
   */
  async claimRefresh(credential: StoredCredential, now: string, until: string): Promise<boolean> {
    const isFree = 'token_version = :version AND (refreshing_until = :none OR refreshing_until < :now)';
    return this.changed(credential, {
      UpdateExpression: 'SET refreshing_until = :until',
      ConditionExpression: isFree,
      ExpressionAttributeValues: { ':version': credential.token_version, ':none': null, ':now': now, ':until': until },
    });
  }

  /** @returns false when the tokens were changed meanwhile */
  async storeTokens(
    credential: StoredCredential,
    given: Pick<StoredCredential, 'tokens' | 'token_expires_at' | 'updated_at'>,
  ): Promise<boolean> {
    const isSame = 'token_version = :version';
    return this.changed(credential, {
      UpdateExpression:
        'SET tokens = :tokens, token_expires_at = :ends, updated_at = :at, refreshing_until = :none, token_version = :next',
      ConditionExpression: isSame,
      ExpressionAttributeValues: {
        ':tokens': given.tokens,
        ':ends': given.token_expires_at,
        ':at': given.updated_at,
        ':none': null,
        ':version': credential.token_version,
        ':next': credential.token_version + 1,
      },
    });
  }

  async releaseRefresh(credential: StoredCredential, until: string): Promise<void> {
    await this.changed(credential, {
      UpdateExpression: 'SET refreshing_until = :none',
      ConditionExpression: 'refreshing_until = :until',
      ExpressionAttributeValues: { ':none': null, ':until': until },
    });
  }

  /** Replaces the secrets; tokens of the former ones are forgotten. @returns false when it was deleted */
  async replaceSecrets(
    credential: StoredCredential,
    given: Pick<StoredCredential, 'sealed' | 'details' | 'updated_at'>,
  ): Promise<boolean> {
    return this.changed(credential, {
      UpdateExpression:
        'SET sealed = :sealed, details = :details, updated_at = :at, tokens = :none, token_expires_at = :none, refreshing_until = :none ADD token_version :one',
      ConditionExpression: 'attribute_exists(credential_id)',
      ExpressionAttributeValues: {
        ':sealed': given.sealed,
        ':details': given.details,
        ':at': given.updated_at,
        ':none': null,
        ':one': 1,
      },
    });
  }

  async delete(org_id: string, credential_id: string): Promise<void> {
    await this.db.batchDelete(TABLE, [{ owner: orgKey(org_id), item: credential_id }]);
  }

  async deleteByOrg(org_id: string): Promise<void> {
    const keys: Key[] = [];
    for await (const { owner, item } of this.db.queryAll<Key>(this.allOf(org_id)))
      keys.push({ owner: owner ?? '', item: item ?? '' });
    await this.db.batchDelete(TABLE, keys);
  }

  async createState(hash: string, state: AuthorizationState): Promise<void> {
    await this.db.put({ TableName: TABLE, Item: { ...stateKey(hash), ...state } });
  }

  async findState(hash: string): Promise<AuthorizationState | undefined> {
    return this.db.get<AuthorizationState>(TABLE, stateKey(hash));
  }

  /** Uses it up. @returns false when another request was faster */
  async takeState(hash: string): Promise<boolean> {
    try {
      const isThere = 'attribute_exists(org_id)';
      await this.db.delete({ TableName: TABLE, Key: stateKey(hash), ConditionExpression: isThere });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  private async changed(
    { org_id, credential_id }: StoredCredential,
    update: {
      UpdateExpression: string;
      ConditionExpression: string;
      ExpressionAttributeValues: Record<string, unknown>;
    },
  ): Promise<boolean> {
    try {
      await this.db.update({ TableName: TABLE, Key: { owner: orgKey(org_id), item: credential_id }, ...update });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  private allOf(org_id: string) {
    return {
      TableName: TABLE,
      KeyConditionExpression: '#owner = :owner AND begins_with(#item, :prefix)',
      ExpressionAttributeNames: { '#owner': 'owner', '#item': 'item' },
      ExpressionAttributeValues: { ':owner': orgKey(org_id), ':prefix': PREFIX },
      ConsistentRead: true,
    };
  }
}

function plain<T>({ owner: _owner, item: _item, ...record }: T & Key): T {
  return record as unknown as T;
}
