import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type UpdateInput } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { AccountMail, MailPurpose } from './account-mail.js';
import { MAIL_TABLE } from '../identity.tables.js';

/** The outbox of the platform's own mail. */
@Injectable()
export class AccountMailsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  async create(mail: AccountMail): Promise<void> {
    await this.db.put({ TableName: MAIL_TABLE, Item: { ...mail } });
  }

  /** As {@link create}, for a transaction of another repository. */
  creationOf(mail: AccountMail): Write {
    return write.put({ TableName: MAIL_TABLE, Item: { ...mail } });
  }

  async find(mail_id: string): Promise<AccountMail | undefined> {
    return this.db.get<AccountMail>(MAIL_TABLE, { mail_id });
  }

  /** Mails whose next attempt is due, longest due first. */
  async listDue(at: string, limit: number): Promise<{ mail_id: string; due_at: string }[]> {
    const { items } = await this.db.query<{ mail_id: string; due_at: string }>({
      TableName: MAIL_TABLE,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'due = :due AND due_at <= :at',
      ExpressionAttributeValues: { ':due': 'DUE', ':at': at },
      Limit: limit,
    });
    return items;
  }

  /** Takes an attempt for this process until `lease_until`. @returns undefined when another process has it. */
  async claim(mail_id: string, due_at: string, lease_until: string): Promise<AccountMail | undefined> {
    return this.change({
      TableName: MAIL_TABLE,
      Key: { mail_id },
      UpdateExpression: 'SET due_at = :lease ADD attempts :one',
      ConditionExpression: 'due_at = :seen',
      ExpressionAttributeValues: { ':seen': due_at, ':lease': lease_until, ':one': 1 },
    });
  }

  /** The token of an attempt is valid before the mail leaves. @returns undefined when the claim was lost. */
  async addToken(
    { mail_id, due_at }: AccountMail,
    token: { hash: string; user_id: string | undefined; purpose: MailPurpose },
  ): Promise<AccountMail | undefined> {
    return this.change({
      TableName: MAIL_TABLE,
      Key: { mail_id },
      UpdateExpression:
        'SET token_hashes = list_append(token_hashes, :hash), purpose = :purpose' +
        (token.user_id === undefined ? '' : ', user_id = :user'),
      ConditionExpression: 'due_at = :claim',
      ExpressionAttributeValues: {
        ':hash': [token.hash],
        ':purpose': token.purpose,
        ...(token.user_id === undefined ? {} : { ':user': token.user_id }),
        ':claim': due_at,
      },
    });
  }

  /** Ends a claimed attempt. Nothing happens when the claim was lost. */
  async settle({ mail_id, due_at }: AccountMail, outcome: { next_at: string } | { status: 'sent' | 'failed' }) {
    const isOver = 'status' in outcome;
    await this.change({
      TableName: MAIL_TABLE,
      Key: { mail_id },
      UpdateExpression: isOver ? 'SET #status = :status REMOVE due, due_at' : 'SET #status = :status, due_at = :next',
      ConditionExpression: 'due_at = :claim',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':claim': due_at,
        ':status': isOver ? outcome.status : 'pending',
        ...(isOver ? {} : { ':next': outcome.next_at }),
      },
    });
  }

  async delete(mail_id: string): Promise<void> {
    await this.db.delete({ TableName: MAIL_TABLE, Key: { mail_id } });
  }

  /**
   * Uses a token up, together with what it allows.
   * @returns false when it was used before, is expired or unknown, or what is alongside could not be written.
   */
  async use(mail_id: string, hash: string, at: string, alongside: Write[]): Promise<boolean> {
    return this.unit.tryCommit([this.usage(mail_id, hash, at), ...alongside]);
  }

  /** As {@link use}, to be written together with what the token allows. */
  usage(mail_id: string, hash: string, at: string): Write {
    const isUsable = 'contains(token_hashes, :hash) AND attribute_not_exists(used_at) AND valid_until > :at';
    return write.update({
      TableName: MAIL_TABLE,
      Key: { mail_id },
      UpdateExpression: 'SET used_at = :at REMOVE registration',
      ConditionExpression: isUsable,
      ExpressionAttributeValues: { ':hash': hash, ':at': at },
    });
  }

  private async change(input: UpdateInput): Promise<AccountMail | undefined> {
    try {
      return await this.db.update<AccountMail>(input);
    } catch (error) {
      if (!conditionFailed(error)) throw error;
      return undefined;
    }
  }
}
