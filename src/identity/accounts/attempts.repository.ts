import { Injectable } from '@nestjs/common';
import { DynamoDb } from '../../platform/database/client/dynamodb.js';
import { Clock } from '../../shared/clock.js';
import { attemptsKey, failuresKey, IDENTITY_TABLE, knownNetworkKey } from '../identity.tables.js';
import { secretHash } from '../../platform/secrets/secret-box.js';

export interface SignInFailures {
  /** Times of failures, in milliseconds since 1970, oldest first. */
  failures: number[];
  /** In milliseconds since 1970. */
  locked_until?: number;
}

/**
 * Attempts, counted in the database so that all processes share them. Failed sign-ins are stored by email address, and by address
 * and client network, whether or not an account has the address: the database reveals no more than the answers do. Times are in
 * milliseconds since 1970.
 */
@Injectable()
export class AttemptsRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts one attempt at `name`, atomically, in fixed windows of `window_seconds`.
   * @returns the attempts of the present window, including this one, and the seconds until it ends
   */
  async countInWindow(name: string, window_seconds: number): Promise<{ count: number; seconds_left: number }> {
    const now = this.clock.now().getTime() / 1000;
    const window = Math.floor(now / window_seconds);
    const ends = (window + 1) * window_seconds;
    const { count } = await this.db.update<{ count: number }>({
      TableName: IDENTITY_TABLE,
      Key: { ...attemptsKey(secretHash(name), window) },
      UpdateExpression: 'SET expires_at = :ends ADD #count :one',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':ends': ends, ':one': 1 },
    });
    return { count, seconds_left: Math.max(1, Math.ceil(ends - now)) };
  }

  /** Reads all three in one batch. `known_until` is 0 for a network that the account has not signed in from. */
  async findFailures(email: string, network: string) {
    const get = <T>(key: object) => this.db.get<T>(IDENTITY_TABLE, { ...key });
    const [here, everywhere, known] = await Promise.all([
      get<SignInFailures>(keyOf(email, network)),
      get<SignInFailures>(keyOf(email)),
      get<{ known_until: number }>(knownNetworkKey(hashOf(email, network))),
    ]);
    return { here, everywhere, known_until: known?.known_until ?? 0 };
  }

  /** Appends atomically, so that concurrent failures are all counted. @returns all stored failures, including this one */
  async addFailure(email: string, network: string | undefined, at: number, until: number): Promise<SignInFailures> {
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

  async forgetFailures(email: string, network: string): Promise<void> {
    await this.db.delete({ TableName: IDENTITY_TABLE, Key: keyOf(email, network) });
  }

  async rememberNetwork(email: string, network: string, known_until: number): Promise<void> {
    const Item = { ...knownNetworkKey(hashOf(email, network)), known_until, expires_at: seconds(known_until) };
    await this.db.put({ TableName: IDENTITY_TABLE, Item });
  }
}

const hashOf = (email: string, network?: string): string =>
  secretHash(network === undefined ? email : `${email}\n${network}`);
const keyOf = (email: string, network?: string) => ({ ...failuresKey(hashOf(email, network)) });
const seconds = (ms: number): number => Math.ceil(ms / 1000);
