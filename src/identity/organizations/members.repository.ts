import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { NotCommittedError, UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import { isAdmin, type Membership, type User } from '../accounts/account.js';
import { IDENTITY_TABLE, membershipKey, organizationKey, userKey } from '../identity.tables.js';
import type { Role } from '../principal.js';

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
