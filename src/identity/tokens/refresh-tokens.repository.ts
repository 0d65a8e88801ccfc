import { Injectable } from '@nestjs/common';
import { DynamoDb, failedConditions, type TransactItem } from '../../platform/dynamodb/dynamodb.js';
import type { Membership } from '../accounts/account.js';
import { familyKey, IDENTITY_TABLE, membershipKey, secretKey } from '../identity-keys.js';
import type { RefreshFamily } from './refresh-family.js';
import { type SignIn, signInUse } from './sign-ins.repository.js';

const FAMILY_STANDS = 'attribute_exists(pk) AND attribute_not_exists(revoked_at)';

export interface RefreshToken {
  family_id: string;
  /** The organization that it is for; tokens of version 1.0.0 are for the family's. */
  org_id?: string;
  /** When it was exchanged for the next one. */
  used_at?: string;
  /** Seconds since 1970. */
  expires_at: number;
}

@Injectable()
export class RefreshTokensRepository {
  constructor(private readonly db: DynamoDb) {}

  /** @returns false when the member was removed meanwhile. */
  async create(member: Membership, family: RefreshFamily, hash: string, use: SignIn): Promise<boolean> {
    const { family_id, org_id } = family;
    const { expires_at } = use;
    return this.written([
      stillMember(member),
      { Put: { TableName: IDENTITY_TABLE, Item: { ...familyKey(family_id), ...family, expires_at } } },
      newToken(hash, { family_id, org_id, expires_at }),
      signInUse(use),
    ]);
  }

  /**
   * A token of the same family for another organization.
   * @param since set when the family has no token for the organization yet
   * @returns false when the family has ended, or the member was removed meanwhile.
   */
  async branch(member: Membership, hash: string, token: RefreshToken, since?: string): Promise<boolean> {
    const { org_id } = member;
    const { family_id, expires_at } = token;
    const joins = since === undefined ? '' : ', switched = list_append(if_not_exists(switched, :none), :joined)';
    return this.written([
      stillMember(member),
      {
        Update: {
          TableName: IDENTITY_TABLE,
          Key: { ...familyKey(family_id) },
          UpdateExpression: `SET expires_at = :expires${joins}`,
          ConditionExpression: FAMILY_STANDS,
          ExpressionAttributeValues: {
            ':expires': expires_at,
            ...(since === undefined ? {} : { ':none': [], ':joined': [{ org_id, since }] }),
          },
        },
      },
      newToken(hash, { ...token, org_id }),
    ]);
  }

  async findToken(hash: string): Promise<RefreshToken | undefined> {
    return this.db.get<RefreshToken>(IDENTITY_TABLE, { ...secretKey(hash, 'REFRESH') });
  }

  async findFamily(family_id: string): Promise<RefreshFamily | undefined> {
    return this.db.get<RefreshFamily>(IDENTITY_TABLE, { ...familyKey(family_id) });
  }

  /** In the order of the ids; undefined where there is none. */
  async findFamilies(family_ids: string[]): Promise<(RefreshFamily | undefined)[]> {
    return this.db.batchGet<RefreshFamily>(
      family_ids.map((family_id) => ({ table: IDENTITY_TABLE, key: { ...familyKey(family_id) } })),
    );
  }

  /** Exchanges a token for the next. @returns false when another request was faster or the family was revoked meanwhile. */
  async rotate(
    used: { hash: string; at: string },
    next: RefreshToken & { hash: string },
    use: SignIn,
  ): Promise<boolean> {
    const tokenIsUnused = 'attribute_exists(pk) AND attribute_not_exists(used_at)';
    const { hash, ...token } = next;
    return this.written([
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
          Key: { ...familyKey(token.family_id) },
          UpdateExpression: 'SET expires_at = :expires',
          ConditionExpression: FAMILY_STANDS,
          ExpressionAttributeValues: { ':expires': token.expires_at },
        },
      },
      newToken(hash, token),
      signInUse(use),
    ]);
  }

  /** Ends the family with all of its tokens. A family that has expired stays away. */
  async revoke(family_id: string, revoked_at: string): Promise<void> {
    await this.written([
      {
        Update: {
          TableName: IDENTITY_TABLE,
          Key: { ...familyKey(family_id) },
          UpdateExpression: 'SET revoked_at = if_not_exists(revoked_at, :at)',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':at': revoked_at },
        },
      },
    ]);
  }

  private async written(items: TransactItem[]): Promise<boolean> {
    try {
      await this.db.transact(items);
      return true;
    } catch (error) {
      if (failedConditions(error)) return false;
      throw error;
    }
  }
}

/** Without it a sign-in that races a removal would outlive it and be good again when the user comes back. */
function stillMember({ org_id, user_id, created_at }: Membership): TransactItem {
  return {
    ConditionCheck: {
      TableName: IDENTITY_TABLE,
      Key: { ...membershipKey(org_id, user_id) },
      ConditionExpression: 'created_at = :joined',
      ExpressionAttributeValues: { ':joined': created_at },
    },
  };
}

function newToken(hash: string, token: Omit<RefreshToken, 'used_at'>): TransactItem {
  return { Put: { TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'REFRESH'), ...token } } };
}
