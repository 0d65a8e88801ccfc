import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import {
  emailKey,
  IDENTITY_TABLE,
  listedOrganizationKey,
  membershipKey,
  organizationKey,
  totpKey,
  userKey,
} from '../identity.tables.js';
import { isAdmin, type Membership, type Organization, type User } from './account.js';

const NEW = 'attribute_not_exists(pk)';

/** Users, the addresses that name them, and the organizations that they belong to. */
@Injectable()
export class AccountsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * POST /auth/register/confirm, sign-in through a provider, first start: all of it or nothing.
   * @param alongside written with it or not at all
   * @returns false when the address or the organization is taken, or what is alongside cannot be written.
   */
  async createWithOrganization(
    user: User,
    organization: Organization,
    membership: Membership,
    alongside: Write[] = [],
  ): Promise<boolean> {
    return this.unit.tryCommit([
      ...alongside,
      ...newUser(user),
      ...newOrganization(organization),
      put(membershipKey(organization.org_id, user.user_id), membership),
    ]);
  }

  /**
   * A user of an existing organization.
   * @param alongside written with it or not at all
   * @returns false when the address is taken, the organization is gone, or what is alongside cannot be written.
   */
  async createMember(user: User, membership: Membership, alongside: Write[] = []): Promise<boolean> {
    return this.unit.tryCommit([
      ...alongside,
      ...newUser(user),
      put(membershipKey(membership.org_id, user.user_id), membership),
      countAdmins(membership.org_id, isAdmin(membership) ? 1 : 0),
    ]);
  }

  /** POST /organizations. @param alongside written in the same transaction. @returns false when the user is gone */
  async createOrganization(organization: Organization, membership: Membership, alongside: Write[]): Promise<boolean> {
    const { org_id } = organization;
    return this.unit.tryCommit([
      ...alongside,
      ...newOrganization(organization),
      put(membershipKey(org_id, membership.user_id), membership),
      joinsOrganization(membership),
    ]);
  }

  /** Gives a known user a membership. @returns false when there is one already, else as {@link createMember}. */
  async addMembership(membership: Membership, alongside: Write[] = []): Promise<boolean> {
    return this.unit.tryCommit([
      ...alongside,
      put(membershipKey(membership.org_id, membership.user_id), membership, NEW),
      joinsOrganization(membership),
      countAdmins(membership.org_id, isAdmin(membership) ? 1 : 0),
    ]);
  }

  async findUser(user_id: string): Promise<User | undefined> {
    return this.db.get<User>(IDENTITY_TABLE, { ...userKey(user_id) });
  }

  /** Two reads also for an unknown address: the time does not tell whether there is an account. */
  async findUserByEmail(email: string): Promise<User | undefined> {
    const named = await this.db.get<{ user_id: string }>(IDENTITY_TABLE, { ...emailKey(email) });
    return this.findUser(named?.user_id ?? 'unknown');
  }

  async findOrganization(org_id: string): Promise<Organization | undefined> {
    const found = await this.db.get<Organization>(IDENTITY_TABLE, { ...organizationKey(org_id) });
    return found?.deleting_at === undefined ? found : undefined;
  }

  async findMembership(org_id: string, user_id: string): Promise<Membership | undefined> {
    return this.db.get<Membership>(IDENTITY_TABLE, { ...membershipKey(org_id, user_id) });
  }

  /** The organizations of a user and what it is in each, in the order of joining. */
  async organizationsOf(user: User): Promise<{ organization: Organization; membership: Membership }[]> {
    const read = <T>(key: (org_id: string) => object) =>
      this.db.batchGet<T>(user.org_ids.map((org_id) => ({ table: IDENTITY_TABLE, key: { ...key(org_id) } })));
    const [organizations, memberships] = await Promise.all([
      read<Organization>(organizationKey),
      read<Membership>((org_id) => membershipKey(org_id, user.user_id)),
    ]);
    return organizations.flatMap((organization, index) => {
      const membership = memberships[index];
      return organization?.deleting_at === undefined && organization && membership
        ? [{ organization, membership }]
        : [];
    });
  }

  /** Its owner has proven the address. Doing it again changes nothing. */
  async verifyEmail(user_id: string): Promise<void> {
    await this.db.update({
      TableName: IDENTITY_TABLE,
      Key: { ...userKey(user_id) },
      UpdateExpression: 'SET email_verified = :true',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':true': true },
    });
  }

  /** POST /auth/password. @returns false when the password is another than it was, or the user is gone. */
  async changePassword(
    user: User,
    password_hash: string,
    kept: { after: string; family_id: string },
  ): Promise<boolean> {
    const passwordIsUnchanged = 'password_hash = :old';
    try {
      await this.db.update({
        TableName: IDENTITY_TABLE,
        Key: { ...userKey(user.user_id) },
        UpdateExpression: 'SET password_hash = :new, sessions_after = :after, sessions_kept = :kept',
        ConditionExpression: passwordIsUnchanged,
        ExpressionAttributeValues: {
          ':old': user.password_hash,
          ':new': password_hash,
          ':after': kept.after,
          ':kept': kept.family_id,
        },
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  /**
   * To be written with the proof: a new password after which every sign-in is void, and a verified address. The second factor of an
   * account whose address was unverified goes: its owner may not have set it up.
   */
  passwordReset({ user_id, email, email_verified }: User, password_hash: string, after: string): Write[] {
    const Update = {
      TableName: IDENTITY_TABLE,
      Key: { ...userKey(user_id) },
      UpdateExpression: `SET password_hash = :new, sessions_after = :after, email_verified = :true REMOVE sessions_kept${email_verified ? '' : ', totp_enabled'}`,
      ConditionExpression: 'attribute_exists(pk) AND email = :email AND email_verified = :before',
      ExpressionAttributeValues: {
        ':new': password_hash,
        ':after': after,
        ':true': true,
        ':email': email,
        ':before': email_verified,
      },
    };
    const removal = write.delete({ TableName: IDENTITY_TABLE, Key: { ...totpKey(user_id) } });
    return [write.update(Update), ...(email_verified ? [] : [removal])];
  }

  /** As {@link passwordReset}, on the command line, where no proof is stored. @returns false when the account has changed or is gone */
  async resetPassword(user: User, password_hash: string, after: string): Promise<boolean> {
    return this.unit.tryCommit(this.passwordReset(user, password_hash, after));
  }

  /** To be written with the proof. */
  addressVerified({ user_id, email }: User): Write {
    return write.update({
      TableName: IDENTITY_TABLE,
      Key: { ...userKey(user_id) },
      UpdateExpression: 'SET email_verified = :true',
      ConditionExpression: 'attribute_exists(pk) AND email = :email',
      ExpressionAttributeValues: { ':true': true, ':email': email },
    });
  }
}

function newUser(user: User): Write[] {
  return [put(emailKey(user.email), { user_id: user.user_id }, NEW), put(userKey(user.user_id), user, NEW)];
}

function newOrganization(organization: Organization): Write[] {
  const { org_id, name, created_at } = organization;
  return [
    put(organizationKey(org_id), organization, NEW),
    put(listedOrganizationKey(org_id), { org_id, name, created_at }),
  ];
}

function put(key: object, record: object, condition?: string): Write {
  return write.put({
    TableName: IDENTITY_TABLE,
    Item: { ...key, ...record },
    ...(condition ? { ConditionExpression: condition } : {}),
  });
}

function joinsOrganization({ user_id, org_id }: Membership): Write {
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...userKey(user_id) },
    UpdateExpression: 'SET org_ids = list_append(org_ids, :org)',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':org': [org_id] },
  });
}

function countAdmins(org_id: string, more: number): Write {
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...organizationKey(org_id) },
    UpdateExpression: 'ADD admin_count :more',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(deleting_at)',
    ExpressionAttributeValues: { ':more': more },
  });
}
