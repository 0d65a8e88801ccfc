import { Injectable } from '@nestjs/common';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write } from '../../platform/database/unit-of-work.js';
import type { Page } from '../../shared/page.js';
import type { Organization } from '../accounts/account.js';
import { IDENTITY_TABLE, listedOrganizationKey, membershipKey, organizationKey } from '../identity.tables.js';

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
