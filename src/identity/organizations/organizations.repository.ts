import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, NotCommittedError, type Write } from '../../platform/database/unit-of-work.js';
import type { Page } from '../../shared/page.js';
import { type Organization, isAdmin, type Membership, type User, type Invitation } from '../accounts/account.js';
import {
  IDENTITY_TABLE,
  listedOrganizationKey,
  membershipKey,
  organizationKey,
  userKey,
  invitationKey,
  MAIL_TABLE,
  type RecordKey,
  secretKey,
} from '../identity.tables.js';
import type { Role } from '../principal.js';

export type ListedOrganization = Pick<Organization, 'org_id' | 'name' | 'created_at'>;

/** Organizations themselves. */
@Injectable()
export class OrganizationsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly codec: CursorCodec,
    private readonly unit: UnitOfWork,
  ) {}

  /**
   * All organizations of the platform, for operators only. In the order of their ids, which is that of their creation.
   * @throws ValidationError for a cursor of another list
   */
  async listAll({ limit, last_key }: { limit: number; last_key?: string }): Promise<Page<ListedOrganization>> {
    return pageOf<ListedOrganization>(this.db, this.codec, {
      query: {
        TableName: IDENTITY_TABLE,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': listedOrganizationKey('').pk },
      },
      scope: 'operator:organizations',
      limit,
      ...(last_key === undefined ? {} : { last_key }),
      key_attributes: ['pk', 'sk'],
    });
  }

  /** @returns false when it is gone or being deleted. */
  async rename({ org_id, created_at }: Organization, name: string): Promise<boolean> {
    return this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...organizationKey(org_id) },
        UpdateExpression: 'SET #name = :name',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(deleting_at)',
        ExpressionAttributeNames: { '#name': 'name' },
        ExpressionAttributeValues: { ':name': name },
      }),
      write.put({ TableName: IDENTITY_TABLE, Item: { ...listedOrganizationKey(org_id), org_id, name, created_at } }),
    ]);
  }

  /** To an administrator. @returns false when the owner, or the new one's membership, was changed by another request. */
  async transfer({ org_id, owner_id }: Organization, user_id: string): Promise<boolean> {
    const ownerIsUnchanged = owner_id === undefined ? 'attribute_not_exists(owner_id)' : 'owner_id = :old';
    return this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...organizationKey(org_id) },
        UpdateExpression: 'SET owner_id = :new',
        ConditionExpression: `attribute_exists(pk) AND attribute_not_exists(deleting_at) AND ${ownerIsUnchanged}`,
        ExpressionAttributeValues: { ':new': user_id, ...(owner_id === undefined ? {} : { ':old': owner_id }) },
      }),
      write.check({
        TableName: IDENTITY_TABLE,
        Key: { ...membershipKey(org_id, user_id) },
        ConditionExpression: 'contains(#roles, :admin)',
        ExpressionAttributeNames: { '#roles': 'roles' },
        ExpressionAttributeValues: { ':admin': 'admin' },
      }),
    ]);
  }
}

/** What stood against a change of members. */
export type MemberRefusal = 'last_admin' | 'changed_meanwhile';

/** Changes of members; the number of administrators is kept with them, so that two at once cannot remove the last two. */
@Injectable()
export class MembersRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** All members of an organization, in the order of their ids. */
  async listByOrg(org_id: string): Promise<Membership[]> {
    const members: Membership[] = [];
    const query = {
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :member)',
      ExpressionAttributeValues: { ':pk': organizationKey(org_id).pk, ':member': 'MEMBER#' },
    };
    for await (const member of this.db.queryAll<Membership>(query)) members.push(member);
    return members;
  }

  /** @param mark sign-ins of the user to this organization up to this id end with it */
  async changeRoles(member: Membership, user: User, roles: Role[], mark: string): Promise<MemberRefusal | undefined> {
    const { org_id, user_id } = member;
    const change: Write = write.update({
      TableName: IDENTITY_TABLE,
      Key: { ...membershipKey(org_id, user_id) },
      UpdateExpression: 'SET #roles = :new',
      ConditionExpression: '#roles = :old',
      ExpressionAttributeNames: { '#roles': 'roles' },
      ExpressionAttributeValues: { ':new': roles, ':old': member.roles },
    });
    const more = Number(roles.includes('admin')) - Number(isAdmin(member));
    return this.refusalOf(countAdmins(org_id, more, more < 0 ? user_id : undefined), [
      change,
      ends(user, org_id, mark),
    ]);
  }

  /** @param mark as in {@link changeRoles} */
  async remove(member: Membership, user: User | undefined, mark: string): Promise<MemberRefusal | undefined> {
    const { org_id, user_id } = member;
    const removal: Write = write.delete({
      TableName: IDENTITY_TABLE,
      Key: { ...membershipKey(org_id, user_id) },
      ConditionExpression: '#roles = :old',
      ExpressionAttributeNames: { '#roles': 'roles' },
      ExpressionAttributeValues: { ':old': member.roles },
    });
    const rest = user?.org_ids.filter((id) => id !== org_id);
    const leaving: Write[] = user ? [ends(user, org_id, mark, rest)] : [];
    return this.refusalOf(countAdmins(org_id, isAdmin(member) ? -1 : 0, user_id), [removal, ...leaving]);
  }

  private async refusalOf(count: Write, changes: Write[]): Promise<MemberRefusal | undefined> {
    try {
      await this.unit.commit([count, ...changes]);
      return undefined;
    } catch (error) {
      if (!(error instanceof NotCommittedError)) throw error;
      return error.refused.has(count) ? 'last_admin' : 'changed_meanwhile';
    }
  }
}

/** @param leaving who ceases to be an administrator or a member, which the owner cannot */
function countAdmins(org_id: string, more: number, leaving?: string): Write {
  const anotherStays = 'admin_count > :one';
  const ownerStays = leaving === undefined ? '' : ' AND (attribute_not_exists(owner_id) OR owner_id <> :leaving)';
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...organizationKey(org_id) },
    UpdateExpression: 'ADD admin_count :more',
    ConditionExpression: (more < 0 ? anotherStays : 'attribute_exists(pk)') + ownerStays,
    ExpressionAttributeValues: {
      ':more': more,
      ...(more < 0 ? { ':one': 1 } : {}),
      ...(leaving === undefined ? {} : { ':leaving': leaving }),
    },
  });
}

/** Ends the user's sign-ins to an organization, and with `org_ids` the user's place in it. */
function ends(user: User, org_id: string, mark: string, org_ids = user.org_ids): Write {
  const { ended_in } = user;
  const unchanged = ended_in === undefined ? 'attribute_not_exists(ended_in)' : 'ended_in = :before';
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...userKey(user.user_id) },
    UpdateExpression: 'SET org_ids = :rest, ended_in = :ended',
    ConditionExpression: `org_ids = :all AND ${unchanged}`,
    ExpressionAttributeValues: {
      ':all': user.org_ids,
      ':rest': org_ids,
      ':ended': { ...ended_in, [org_id]: mark },
      ...(ended_in === undefined ? {} : { ':before': ended_in }),
    },
  });
}

@Injectable()
export class InvitationsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** @param alongside stored with it or not at all: its mail */
  async create(invitation: Invitation, alongside: Write[]): Promise<void> {
    const puts = keysOf(invitation).map((key) =>
      write.put({ TableName: IDENTITY_TABLE, Item: { ...key, ...invitation } }),
    );
    await this.unit.commit([...puts, ...alongside]);
  }

  async findBySecret(hash: string): Promise<Invitation | undefined> {
    return this.db.get<Invitation>(IDENTITY_TABLE, { ...secretKey(hash, 'INVITATION') });
  }

  async find(org_id: string, invitation_id: string): Promise<Invitation | undefined> {
    return this.db.get<Invitation>(IDENTITY_TABLE, { ...invitationKey(org_id, invitation_id) });
  }

  /** Oldest first; past ones may still be among them. */
  async listByOrg(org_id: string): Promise<Invitation[]> {
    const invitations: Invitation[] = [];
    const query = {
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :invitation)',
      ExpressionAttributeValues: { ':pk': organizationKey(org_id).pk, ':invitation': invitationKey(org_id, '').sk },
    };
    for await (const invitation of this.db.queryAll<Invitation>(query)) invitations.push(invitation);
    return invitations;
  }

  /** All that a user sent, when the user leaves. */
  async deleteOf(org_id: string, user_id: string): Promise<void> {
    const invitations = (await this.listByOrg(org_id)).filter(({ invited_by }) => invited_by === user_id);
    for (const invitation of invitations) await this.remove(invitation);
  }

  /** Deletes it with its mail. @returns false when another request was faster. */
  async remove(invitation: Invitation): Promise<boolean> {
    return this.unit.tryCommit(removalOf(invitation));
  }
}

/** To be written together with the membership: an invitation is used up exactly when a user joins by it. */
export function removalOf(invitation: Invitation): Write[] {
  const { mail_id } = invitation;
  const records = keysOf(invitation).map((key) =>
    write.delete({ TableName: IDENTITY_TABLE, Key: { ...key }, ConditionExpression: 'attribute_exists(pk)' }),
  );
  return mail_id === undefined ? records : [...records, write.delete({ TableName: MAIL_TABLE, Key: { mail_id } })];
}

const keysOf = ({ org_id, invitation_id, token_hash }: Invitation): RecordKey[] => [
  ...(token_hash === undefined ? [] : [secretKey(token_hash, 'INVITATION')]),
  invitationKey(org_id, invitation_id),
];
