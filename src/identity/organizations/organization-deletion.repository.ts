import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write } from '../../platform/database/unit-of-work.js';
import type { User } from '../accounts/account.js';
import {
  deletedOrganizationKey,
  IDENTITY_TABLE,
  listedOrganizationKey,
  MAIL_TABLE,
  organizationKey,
  type RecordKey,
  secretKey,
  signInKey,
  userKey,
} from '../identity.tables.js';

export interface OrganizationDeletion {
  org_id: string;
  name: string;
  /** Who asked for it. */
  actor: string;
  at: string;
}

type Row = RecordKey & Record<string, unknown>;

/** What identity keeps of an organization, and the mark by which an interrupted deletion is found again. */
@Injectable()
export class OrganizationDeletionRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  /** From now on no member, key or invitation can join it. @returns false when it is gone, being deleted, or has another name or owner. */
  async mark(deletion: OrganizationDeletion): Promise<boolean> {
    const { org_id, name, actor, at } = deletion;
    const isThisAndStays =
      '#name = :name AND attribute_not_exists(deleting_at) AND (attribute_not_exists(owner_id) OR owner_id = :actor)';
    return this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...organizationKey(org_id) },
        UpdateExpression: 'SET deleting_at = :at',
        ConditionExpression: isThisAndStays,
        ExpressionAttributeNames: { '#name': 'name' },
        ExpressionAttributeValues: { ':at': at, ':name': name, ':actor': actor },
      }),
      write.delete({ TableName: IDENTITY_TABLE, Key: { ...listedOrganizationKey(org_id) } }),
      write.put({ TableName: IDENTITY_TABLE, Item: { ...deletedOrganizationKey(org_id), ...deletion } }),
    ]);
  }

  /** Deletions that have begun and not ended. */
  async listMarked(): Promise<OrganizationDeletion[]> {
    const marked: OrganizationDeletion[] = [];
    const query = {
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': deletedOrganizationKey('').pk },
      ConsistentRead: true,
    };
    for await (const deletion of this.db.queryAll<OrganizationDeletion>(query)) marked.push(deletion);
    return marked;
  }

  /** Deletes memberships, keys and invitations with their secrets and mails. @returns keys of the records that were deleted */
  async deleteAccess(org_id: string): Promise<RecordKey[]> {
    const own: RecordKey[] = [];
    const secrets: RecordKey[] = [];
    const mails: { mail_id: string }[] = [];
    const query = {
      TableName: IDENTITY_TABLE,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': organizationKey(org_id).pk },
      ConsistentRead: true,
    };
    for await (const row of this.db.queryAll<Row>(query)) {
      const { pk, sk, key_hash, token_hash, mail_id } = row;
      if (sk === organizationKey(org_id).sk) continue;
      own.push({ pk, sk });
      if (typeof key_hash === 'string') secrets.push(secretKey(key_hash, 'KEY'));
      if (typeof mail_id === 'string') mails.push({ mail_id });
      if (typeof token_hash === 'string') secrets.push(secretKey(token_hash, 'INVITATION'));
    }
    // Secrets and mails first: the records name them, and are found again after a crash.
    await this.db.batchDelete(MAIL_TABLE, mails);
    for (const keys of [secrets, own])
      await this.db.batchDelete(
        IDENTITY_TABLE,
        keys.map((key) => ({ ...key })),
      );
    return [...secrets, ...own];
  }

  /**
   * Reads the whole table for what no key leads to: sign-ins and refresh tokens of the organization, and users who belonged to it.
   * @returns keys of the records that were changed or deleted
   */
  async sweep(org_id: string): Promise<RecordKey[]> {
    const gone: RecordKey[] = [];
    const members: User[] = [];
    for await (const row of this.db.scanAll<Row>(IDENTITY_TABLE)) {
      const { pk, sk, user_id, family_id } = row;
      if (sk === userKey('').sk) {
        const user = row as unknown as User;
        if (user.org_ids.includes(org_id) || user.ended_in?.[org_id] !== undefined) members.push(user);
      } else if (isOf(row, org_id)) {
        gone.push({ pk, sk });
        if (typeof family_id === 'string' && typeof user_id === 'string') gone.push(signInKey(user_id, family_id));
      }
    }
    await this.db.batchDelete(
      IDENTITY_TABLE,
      gone.map((key) => ({ ...key })),
    );
    for (const user of members) await this.leave(user, org_id);
    return [...gone, ...members.map(({ user_id }) => userKey(user_id))];
  }

  /** The organization itself, then the mark. */
  async finish(org_id: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: { ...organizationKey(org_id) } });
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: { ...deletedOrganizationKey(org_id) } });
  }

  /** A user who joins or leaves another organization meanwhile is left for the next sweep. */
  private async leave({ user_id, org_ids, ended_in }: User, org_id: string): Promise<void> {
    const isMarked = ended_in?.[org_id] !== undefined;
    const Update = {
      TableName: IDENTITY_TABLE,
      Key: { ...userKey(user_id) },
      UpdateExpression: `SET org_ids = :rest${isMarked ? ' REMOVE ended_in.#org' : ''}`,
      ConditionExpression: 'org_ids = :all',
      ...(isMarked ? { ExpressionAttributeNames: { '#org': org_id } } : {}),
      ExpressionAttributeValues: { ':all': org_ids, ':rest': org_ids.filter((id) => id !== org_id) },
    };
    await this.unit.tryCommit([write.update(Update)]);
  }
}

/** Sign-ins, refresh tokens, keys, challenges of the organization; not the organization itself and its mark. */
function isOf({ pk, sk, org_id: own, switched }: Row, org_id: string): boolean {
  const isKept =
    pk === deletedOrganizationKey('').pk || (pk === organizationKey(org_id).pk && sk === organizationKey('').sk);
  if (isKept) return false;
  return own === org_id || ((switched ?? []) as { org_id: string }[]).some((joined) => joined.org_id === org_id);
}
