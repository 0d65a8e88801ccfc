import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/dynamodb/dynamodb.js';
import { failuresKey, IDENTITY_TABLE, knownNetworkKey } from '../identity-keys.js';
import { secretHash } from '../secrets.js';

export interface SignInFailures {
  /** Times of failures, in milliseconds since 1970, oldest first. */
  failures: number[];
  /** In milliseconds since 1970. */
  locked_until?: number;
}

/**
 * Failed sign-ins by e-mail address, and by it and the client's network, whether or not an account has it: the database tells
 * no more than the answers do. Times are in milliseconds since 1970.
 */
@Injectable()
export class SignInFailuresRepository {
  constructor(private readonly db: DynamoDb) {}

  /** All three in one batch. `known_until` is 0 for a network that the account has not signed in from. */
  async find(email: string, network: string) {
    const get = <T>(key: object) => this.db.get<T>(IDENTITY_TABLE, { ...key });
    const [here, everywhere, known] = await Promise.all([
      get<SignInFailures>(keyOf(email, network)),
      get<SignInFailures>(keyOf(email)),
      get<{ known_until: number }>(knownNetworkKey(hashOf(email, network))),
    ]);
    return { here, everywhere, known_until: known?.known_until ?? 0 };
  }

  /** Atomic, so that of many at once each is counted. @returns all that are remembered, this one among them. */
  async add(email: string, network: string | undefined, at: number, until: number): Promise<SignInFailures> {
    return this.db.update<SignInFailures>({
      TableName: IDENTITY_TABLE,
      Key: keyOf(email, network),
      UpdateExpression: 'SET failures = list_append(if_not_exists(failures, :none), :at), expires_at = :expires',
      ExpressionAttributeValues: { ':none': [], ':at': [at], ':expires': seconds(until) },
    });
  }

  async lock(email: string, network: string | undefined, locked_until: number): Promise<void> {
    await this.db.update({
      TableName: IDENTITY_TABLE,
      Key: keyOf(email, network),
      UpdateExpression: 'SET failures = :none, locked_until = :until, expires_at = :expires',
      ExpressionAttributeValues: { ':none': [], ':until': locked_until, ':expires': seconds(locked_until) },
    });
  }

  async forget(email: string, network: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: keyOf(email, network) });
  }

  async know(email: string, network: string, known_until: number): Promise<void> {
    const Item = { ...knownNetworkKey(hashOf(email, network)), known_until, expires_at: seconds(known_until) };
    await this.db.put({ TableName: IDENTITY_TABLE, Item });
  }
}

const hashOf = (email: string, network?: string): string =>
  secretHash(network === undefined ? email : `${email}\n${network}`);
const keyOf = (email: string, network?: string) => ({ ...failuresKey(hashOf(email, network)) });
const seconds = (ms: number): number => Math.ceil(ms / 1000);
