import { Injectable } from '@nestjs/common';
import { conditionFailed, DynamoDb, type UpdateInput } from '../../platform/database/client/dynamodb.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { SealedSecret } from '../../platform/secrets/secret-box.js';
import { IDENTITY_TABLE, secretKey, totpKey, userKey } from '../identity.tables.js';
import { CHALLENGE_ATTEMPTS, type Totp, type TotpChallenge } from '../accounts/account.js';

/** Second factors, and the sign-ins that wait for one. */
@Injectable()
export class TotpRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
  ) {}

  async find(user_id: string): Promise<Totp | undefined> {
    return this.db.get<Totp>(IDENTITY_TABLE, { ...totpKey(user_id) });
  }

  /** Replaces a pending one. @returns false when the user has an enabled one. */
  async createPending(totp: Totp): Promise<boolean> {
    try {
      await this.db.put({
        TableName: IDENTITY_TABLE,
        Item: { ...totpKey(totp.user_id), ...totp },
        ConditionExpression: 'attribute_not_exists(enabled_at)',
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  /** @returns false when it is enabled already, or another secret took its place. */
  async enable(
    { user_id, secret }: Totp,
    enabled: { at: string; step: number; recovery: Record<string, true> },
  ): Promise<boolean> {
    const isThePending = 'attribute_not_exists(enabled_at) AND secret = :secret';
    return this.unit.tryCommit([
      write.update({
        TableName: IDENTITY_TABLE,
        Key: { ...totpKey(user_id) },
        UpdateExpression: 'SET enabled_at = :at, last_step = :step, recovery = :recovery',
        ConditionExpression: isThePending,
        ExpressionAttributeValues: {
          ':at': enabled.at,
          ':step': enabled.step,
          ':recovery': enabled.recovery,
          ':secret': secret satisfies SealedSecret,
        },
      }),
      userChange(user_id, 'SET totp_enabled = :true', { ':true': true }),
    ]);
  }

  /** @returns false when the account has no second factor. */
  async remove(user_id: string): Promise<boolean> {
    return this.unit.tryCommit([
      write.delete({
        TableName: IDENTITY_TABLE,
        Key: { ...totpKey(user_id) },
        ConditionExpression: 'attribute_exists(pk)',
      }),
      userChange(user_id, 'REMOVE totp_enabled'),
    ]);
  }

  /** Uses the code of a step. @returns false when it or a later one was used before. */
  async useStep(user_id: string, step: number): Promise<boolean> {
    const isNewStep = 'attribute_exists(enabled_at) AND (attribute_not_exists(last_step) OR last_step < :step)';
    const changed = await this.change<Totp>({
      TableName: IDENTITY_TABLE,
      Key: { ...totpKey(user_id) },
      UpdateExpression: 'SET last_step = :step',
      ConditionExpression: isNewStep,
      ExpressionAttributeValues: { ':step': step },
    });
    return changed !== undefined;
  }

  /** Uses a recovery code up. @returns how many are left; undefined for an unknown code. */
  async useRecoveryCode(user_id: string, hash: string): Promise<number | undefined> {
    const changed = await this.change<Totp>({
      TableName: IDENTITY_TABLE,
      Key: { ...totpKey(user_id) },
      UpdateExpression: 'REMOVE recovery.#hash',
      ConditionExpression: 'attribute_exists(enabled_at) AND attribute_exists(recovery.#hash)',
      ExpressionAttributeNames: { '#hash': hash },
    });
    return changed && Object.keys(changed.recovery).length;
  }

  async createChallenge(hash: string, challenge: TotpChallenge): Promise<void> {
    await this.db.put({ TableName: IDENTITY_TABLE, Item: { ...secretKey(hash, 'TOTP_CHALLENGE'), ...challenge } });
  }

  /** Counts an attempt before the code is looked at. @returns undefined when none is left, or the challenge is unknown or expired. */
  async countAttempt(hash: string, now_seconds: number): Promise<TotpChallenge | undefined> {
    const hasAttempts = 'attribute_exists(pk) AND attempts < :most AND expires_at > :now';
    return this.change<TotpChallenge>({
      TableName: IDENTITY_TABLE,
      Key: { ...secretKey(hash, 'TOTP_CHALLENGE') },
      UpdateExpression: 'ADD attempts :one',
      ConditionExpression: hasAttempts,
      ExpressionAttributeValues: { ':one': 1, ':most': CHALLENGE_ATTEMPTS, ':now': now_seconds },
    });
  }

  /** Uses the challenge up. @returns false when another request was faster. */
  async takeChallenge(hash: string): Promise<boolean> {
    return this.unit.tryCommit([
      write.delete({
        TableName: IDENTITY_TABLE,
        Key: { ...secretKey(hash, 'TOTP_CHALLENGE') },
        ConditionExpression: 'attribute_exists(pk)',
      }),
    ]);
  }

  private async change<T>(input: UpdateInput): Promise<T | undefined> {
    try {
      return await this.db.update<T>(input);
    } catch (error) {
      if (conditionFailed(error)) return undefined;
      throw error;
    }
  }
}

function userChange(user_id: string, UpdateExpression: string, values?: Record<string, unknown>): Write {
  return write.update({
    TableName: IDENTITY_TABLE,
    Key: { ...userKey(user_id) },
    UpdateExpression,
    ConditionExpression: 'attribute_exists(pk)',
    ...(values ? { ExpressionAttributeValues: values } : {}),
  });
}
