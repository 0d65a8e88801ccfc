import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, type Write, write } from '../../platform/database/unit-of-work.js';
import { apiKeyKey, IDENTITY_TABLE, organizationKey, secretKey } from '../identity.tables.js';
import type { ApiKey } from '../accounts/account.js';

type DeletionWith = (org_id: string, key_id: string) => Write;

@Injectable()
export class ApiKeysRepository {
  private readonly alsoDeleted: DeletionWith[] = [];

  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** The key and the way from its secret to it, together. */
  async create(key: ApiKey): Promise<void> {
    const { org_id, key_id, key_hash } = key;
    await this.unit.commit([
      write.put({ TableName: IDENTITY_TABLE, Item: { ...apiKeyKey(org_id, key_id), ...key } }),
      write.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(key_hash, 'KEY'), org_id, key_id } }),
    ]);
  }

  async find(org_id: string, key_id: string): Promise<ApiKey | undefined> {
    return this.db.get<ApiKey>(IDENTITY_TABLE, { ...apiKeyKey(org_id, key_id) });
  }

  /** GET /api-keys: all of an organization, oldest first. */
  async listByOrg(org_id: string): Promise<ApiKey[]> {
    const keys: ApiKey[] = [];
    const query = {
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :key)',
      ExpressionAttributeValues: { ':pk': organizationKey(org_id).pk, ':key': 'KEY#' },
    };
    for await (const key of this.db.queryAll<ApiKey>(query)) keys.push(key);
    return keys;
  }

  /** A record of a feature above that is deleted in the transaction that deletes its key. */
  deleteWith(deletion: DeletionWith): void {
    this.alsoDeleted.push(deletion);
  }

  /** @returns false when it is gone already. */
  async delete({ org_id, key_id, key_hash }: ApiKey): Promise<boolean> {
    const Key = { ...apiKeyKey(org_id, key_id) };
    return this.unit.tryCommit([
      write.delete({ TableName: IDENTITY_TABLE, Key, ConditionExpression: 'attribute_exists(pk)' }),
      write.delete({ TableName: IDENTITY_TABLE, Key: { ...secretKey(key_hash, 'KEY') } }),
      ...this.alsoDeleted.map((deletion) => deletion(org_id, key_id)),
    ]);
  }

  /** All that a user created, when the user leaves. */
  async deleteOf(org_id: string, user_id: string): Promise<void> {
    const keys = (await this.listByOrg(org_id)).filter(({ created_by }) => created_by === user_id);
    for (const key of keys) await this.delete(key);
  }

  /** Never brings a deleted key back. */
  async touch(org_id: string, key_id: string, at: string): Promise<void> {
    try {
      await this.db.update({
        TableName: IDENTITY_TABLE,
        Key: { ...apiKeyKey(org_id, key_id) },
        UpdateExpression: 'SET last_used_at = :at',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': at },
      });
    } catch (error) {
      if (!conditionFailed(error)) throw error;
    }
  }
}
