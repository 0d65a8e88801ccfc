import { Injectable } from '@nestjs/common';
import { CursorCodec } from '../../platform/dynamodb/cursor-codec.js';
import { DynamoDb } from '../../platform/dynamodb/dynamodb.js';
import { pageOf } from '../../platform/dynamodb/page-query.js';
import type { Page } from '../../shared/page.js';
import type { Organization } from '../accounts/account.js';
import { IDENTITY_TABLE, listedOrganizationKey } from '../identity-keys.js';

export type ListedOrganization = Pick<Organization, 'org_id' | 'name' | 'created_at'>;

/** All organisations of the platform. The one list that crosses them; for operators only. */
@Injectable()
export class OrganizationsListRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly codec: CursorCodec,
  ) {}

  /** In the order of their ids, which is that of their creation. @throws ValidationError for a cursor of another list */
  async page({ limit, last_key }: { limit: number; last_key?: string }): Promise<Page<ListedOrganization>> {
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
}
