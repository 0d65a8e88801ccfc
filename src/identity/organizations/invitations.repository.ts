import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/dynamodb/dynamodb.js';
import { IDENTITY_TABLE, secretKey } from '../identity-keys.js';
import type { Role } from '../principal.js';

export interface Invitation {
  org_id: string;
  email: string;
  roles: Role[];
  invited_by: string;
  /** Seconds since 1970. */
  expires_at: number;
}

@Injectable()
export class InvitationsRepository {
  constructor(private readonly db: DynamoDb) {}

  async create(hash: string, invitation: Invitation): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'INVITATION'), ...invitation } });
  }

  async find(hash: string): Promise<Invitation | undefined> {
    return this.db.get<Invitation>(IDENTITY_TABLE, { ...secretKey(hash, 'INVITATION') });
  }

  /** Uses it up. @returns false when another request was faster. */
  async take(hash: string): Promise<boolean> {
    try {
      await this.db.delete({
        TableName: IDENTITY_TABLE,
        Key: { ...secretKey(hash, 'INVITATION') },
        ConditionExpression: 'attribute_exists(pk)',
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }
}
