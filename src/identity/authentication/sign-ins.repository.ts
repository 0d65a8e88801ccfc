import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { Membership, RefreshFamily, RefreshToken, SignIn } from '../accounts/account.js';
import { familyKey, IDENTITY_TABLE, membershipKey, secretKey, signInKey } from '../identity.tables.js';

const FAMILY_STANDS = 'attribute_exists(pk) AND attribute_not_exists(revoked_at)';

/** Sign-ins: their families, refresh tokens, and entries in the lists of their owners. */
@Injectable()
export class SignInsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** @returns false when the member was removed meanwhile. */
  async create(member: Membership, family: RefreshFamily, hash: string, use: SignIn): Promise<boolean> {
    const { family_id, org_id } = family;
    const { expires_at } = use;
    return this.unit.tryCommit([
      stillMember(member),
      write.put({ TableName: IDENTITY_TABLE, Item: { ...familyKey(family_id), ...family, expires_at } }),
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
    return this.unit.tryCommit([
      stillMember(member),
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...familyKey(family_id) },
        UpdateExpression: `SET expires_at = :expires${joins}`,
        ConditionExpression: FAMILY_STANDS,
        ExpressionAttributeValues: {
          ':expires': expires_at,
          ...(since === undefined ? {} : { ':none': [], ':joined': [{ org_id, since }] }),
        },
      }),
      newToken(hash, { ...token, org_id }),
    ]);
  }

  async findToken(hash: string): Promise<RefreshToken | undefined> {
    return this.db.get<RefreshToken>(IDENTITY_TABLE, { ...secretKey(hash, 'REFRESH') });
  }

  async findFamily(family_id: string): Promise<RefreshFamily | undefined> {
    return this.db.get<RefreshFamily>(IDENTITY_TABLE, { ...familyKey(family_id) });
  }

  /** In the order of the ids; undefined for a missing family. */
  async findFamilies(family_ids: string[]): Promise<(RefreshFamily | undefined)[]> {
    return this.db.batchGet<RefreshFamily>(
      family_ids.map((family_id) => ({ table: IDENTITY_TABLE, key: { ...familyKey(family_id) } })),
    );
  }

  /** Exchanges a token for the next. @returns false when the token was used by another request or the family was revoked */
  async rotate(
    used: { hash: string; at: string },
    next: RefreshToken & { hash: string },
    use: SignIn,
  ): Promise<boolean> {
    const tokenIsUnused = 'attribute_exists(pk) AND attribute_not_exists(used_at)';
    const { hash, ...token } = next;
    return this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...secretKey(used.hash, 'REFRESH') },
        UpdateExpression: 'SET used_at = :at',
        ConditionExpression: tokenIsUnused,
        ExpressionAttributeValues: { ':at': used.at },
      }),
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...familyKey(token.family_id) },
        UpdateExpression: 'SET expires_at = :expires',
        ConditionExpression: FAMILY_STANDS,
        ExpressionAttributeValues: { ':expires': token.expires_at },
      }),
      newToken(hash, token),
      signInUse(use),
    ]);
  }

  /** Ends the family with all of its tokens. An expired family is not stored again. */
  async revoke(family_id: string, revoked_at: string): Promise<void> {
    await this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...familyKey(family_id) },
        UpdateExpression: 'SET revoked_at = if_not_exists(revoked_at, :at)',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': revoked_at },
      }),
    ]);
  }

  /** The sign-ins of a user, newest first. */
  async listByUser(user_id: string, limit: number): Promise<SignIn[]> {
    const { pk, sk } = signInKey(user_id, '');
    const { items } = await this.db.query<SignIn>({
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :session)',
      ExpressionAttributeValues: { ':pk': pk, ':session': sk },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit,
    });
    return items;
  }

  async findSignIn(user_id: string, family_id: string): Promise<SignIn | undefined> {
    return this.db.get<SignIn>(IDENTITY_TABLE, { ...signInKey(user_id, family_id) });
  }

  async deleteSignIn(user_id: string, family_id: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: { ...signInKey(user_id, family_id) } });
  }
}

/** Without this check a sign-in that races a removal would survive it, and be valid again when the user rejoins. */
function stillMember({ org_id, user_id, created_at }: Membership): Write {
  return write.check({
    TableName: IDENTITY_TABLE,
    Key: { ...membershipKey(org_id, user_id) },
    ConditionExpression: 'created_at = :joined',
    ExpressionAttributeValues: { ':joined': created_at },
  });
}

function newToken(hash: string, token: Omit<RefreshToken, 'used_at'>): Write {
  return write.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'REFRESH'), ...token } });
}

/** Written with every token of a sign-in. Sign-ins of version 1.0.0 are listed after their next refresh. */
function signInUse(use: SignIn): Write {
  const { user_id, family_id, device, address, created_at, last_used_at, expires_at } = use;
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...signInKey(user_id, family_id) },
    UpdateExpression:
      'SET family_id = :family, user_id = :user, device = :device, address = :address, ' +
      'created_at = if_not_exists(created_at, :created), last_used_at = :used, expires_at = :expires',
    ExpressionAttributeValues: {
      ':family': family_id,
      ':user': user_id,
      ':device': device,
      ':address': address,
      ':created': created_at,
      ':used': last_used_at,
      ':expires': expires_at,
    },
  });
}
