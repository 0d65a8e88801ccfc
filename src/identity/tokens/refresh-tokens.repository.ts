import { Injectable } from '@nestjs/common';
import { DynamoDb, failedConditions, type TransactItem } from '../../platform/dynamodb/dynamodb.js';
import { familyKey, IDENTITY_TABLE, secretKey } from '../identity-keys.js';

/** The refresh tokens that one sign-in has led to; they live and die together. */
export interface RefreshFamily {
  family_id: string;
  user_id: string;
  org_id: string;
  created_at: string;
  revoked_at?: string;
}

export interface RefreshToken {
  family_id: string;
  /** When it was exchanged for the next one. */
  used_at?: string;
  /** Seconds since 1970. */
  expires_at: number;
}

@Injectable()
export class RefreshTokensRepository {
  constructor(private readonly db: DynamoDb) {}

  async create(family: RefreshFamily, hash: string, expires_at: number): Promise<void> {
    await this.db.transact([
      { Put: { TableName: IDENTITY_TABLE, Item: { ...familyKey(family.family_id), ...family, expires_at } } },
      newToken(hash, family.family_id, expires_at),
    ]);
  }

  async findToken(hash: string): Promise<RefreshToken | undefined> {
    return this.db.get<RefreshToken>(IDENTITY_TABLE, { ...secretKey(hash, 'REFRESH') });
  }

  async findFamily(family_id: string): Promise<RefreshFamily | undefined> {
    return this.db.get<RefreshFamily>(IDENTITY_TABLE, { ...familyKey(family_id) });
  }

  /** Exchanges a token for the next. @returns false when another request was faster or the family was revoked meanwhile. */
  async rotate(family_id: string, used: { hash: string; at: string }, next: { hash: string; expires_at: number }) {
    const tokenIsUnused = 'attribute_exists(pk) AND attribute_not_exists(used_at)';
    const familyStands = 'attribute_exists(pk) AND attribute_not_exists(revoked_at)';
    const items: TransactItem[] = [
      {
        Update: {
          TableName: IDENTITY_TABLE,
          Key: { ...secretKey(used.hash, 'REFRESH') },
          UpdateExpression: 'SET used_at = :at',
          ConditionExpression: tokenIsUnused,
          ExpressionAttributeValues: { ':at': used.at },
        },
      },
      {
        Update: {
          TableName: IDENTITY_TABLE,
          Key: { ...familyKey(family_id) },
          UpdateExpression: 'SET expires_at = :expires',
          ConditionExpression: familyStands,
          ExpressionAttributeValues: { ':expires': next.expires_at },
        },
      },
      newToken(next.hash, family_id, next.expires_at),
    ];
    try {
      await this.db.transact(items);
      return true;
    } catch (error) {
      if (failedConditions(error)) return false;
      throw error;
    }
  }

  /** From now on no token of the family is taken. A family that is gone stays gone. */
  async revoke(family_id: string, revoked_at: string): Promise<void> {
    const condition = 'attribute_exists(pk)';
    await this.db
      .transact([
        {
          Update: {
            TableName: IDENTITY_TABLE,
            Key: { ...familyKey(family_id) },
            UpdateExpression: 'SET revoked_at = if_not_exists(revoked_at, :at)',
            ConditionExpression: condition,
            ExpressionAttributeValues: { ':at': revoked_at },
          },
        },
      ])
      .catch((error: unknown) => {
        if (!failedConditions(error)) throw error;
      });
  }
}

function newToken(hash: string, family_id: string, expires_at: number): TransactItem {
  return { Put: { TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'REFRESH'), family_id, expires_at } } };
}
