import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { Invitation } from '../accounts/account.js';
import {
  IDENTITY_TABLE,
  invitationKey,
  MAIL_TABLE,
  organizationKey,
  type RecordKey,
  secretKey,
} from '../identity.tables.js';

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
