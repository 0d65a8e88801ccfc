import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/dynamodb/dynamodb.js';
import { failuresKey, IDENTITY_TABLE } from '../identity-keys.js';
import { secretHash } from '../secrets.js';

export interface SignInFailures {
  /** Times of failures, in milliseconds since 1970, oldest first. */
  failures: number[];
  /** In milliseconds since 1970. */
  locked_until?: number;
}

/** Failed sign-ins by address, whether or not an account has it: the database tells no more than the answers do. */
@Injectable()
export class SignInFailuresRepository {
  constructor(private readonly db: DynamoDb) {}

  async find(email: string): Promise<SignInFailures | undefined> {
    return this.db.get<SignInFailures>(IDENTITY_TABLE, keyOf(email));
  }

  /** Atomic, so that of many at once each is counted. @returns all that are remembered, this one among them. */
  async add(email: string, at: number, expires_at: number): Promise<SignInFailures> {
    return this.db.update<SignInFailures>({
      TableName: IDENTITY_TABLE,
      Key: keyOf(email),
      UpdateExpression: 'SET failures = list_append(if_not_exists(failures, :none), :at), expires_at = :expires',
      ExpressionAttributeValues: { ':none': [], ':at': [at], ':expires': expires_at },
    });
  }

  async lock(email: string, locked_until: number, expires_at: number): Promise<void> {
    await this.db.update({
      TableName: IDENTITY_TABLE,
      Key: keyOf(email),
      UpdateExpression: 'SET failures = :none, locked_until = :until, expires_at = :expires',
      ExpressionAttributeValues: { ':none': [], ':until': locked_until, ':expires': expires_at },
    });
  }

  async forget(email: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: keyOf(email) });
  }
}

const keyOf = (email: string) => ({ ...failuresKey(secretHash(email)) });
