import { Injectable } from '@nestjs/common';
import { isIPv4 } from 'node:net';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { UnauthenticatedError } from '../../shared/domain-error.js';
import { normalEmail, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';

const CODE_PREFIX = 'nxl_';
export const START_LINK_MINUTES = 15;

/**
 * The sign-in link that a start prints in development: it signs the administrator in without a password, once, within 15 minutes,
 * and only from the machine that the platform runs on. The code is in this process's memory alone, as a hash.
 */
@Injectable()
export class StartLink {
  private pending: { hash: string; valid_until: number } | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly accounts: AccountsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * A new code; an earlier one stops working.
   * @returns undefined outside development, where the platform listens to other machines, and without an administrator
   */
  async issue(): Promise<string | undefined> {
    if (this.settings.get('ENVIRONMENT') !== 'development' || !isLoopback(this.settings.get('API_HOST')))
      return undefined;
    if (!(await this.administrator())) return undefined;
    const code = newSecret(CODE_PREFIX);
    this.pending = { hash: secretHash(code), valid_until: this.clock.now().getTime() + START_LINK_MINUTES * 60_000 };
    return code;
  }

  /**
   * Uses the code up.
   * @param address of the client
   * @throws UnauthenticatedError when it is unknown, used or expired, or the client is another machine
   */
  async redeem(code: string, address: string): Promise<User> {
    const isRight = this.pending?.hash === secretHash(code) && this.pending.valid_until > this.clock.now().getTime();
    if (!isRight || !isLoopback(address)) throw refused();
    this.pending = undefined;
    const user = await this.administrator();
    if (!user) throw refused();
    return user;
  }

  private async administrator(): Promise<User | undefined> {
    return this.accounts.findUserByEmail(normalEmail(this.settings.get('NEXUS_ADMIN_EMAIL')));
  }
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The sign-in link is unknown, already used or expired', {
    suggestion: `Sign in with a password, or restart the platform for a new link. A link works once, within ${START_LINK_MINUTES} minutes, on the machine that runs the platform.`,
  });
