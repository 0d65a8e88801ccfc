import { Injectable } from '@nestjs/common';
import { PermissionDeniedError, UnauthenticatedError } from '../../shared/domain-error.js';
import type { Membership, User } from './account.js';
import { normalEmail } from './email-address.js';
import { AccountsRepository } from './accounts.repository.js';
import { LockoutsService } from './lockouts.service.js';
import { Passwords } from './passwords.js';

/** Finds the user of an e-mail address and a password. Unknown addresses get the same words, the same work and the same lock. */
@Injectable()
export class LoginService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly lockouts: LockoutsService,
  ) {}

  /**
   * @param address of the client; failures are counted for it
   * @throws UnauthenticatedError for any wrong pair, RateLimitedError while the account is locked for the client.
   */
  async requireUser(given: string, password: string, address: string): Promise<User> {
    const email = normalEmail(given);
    await this.lockouts.requireOpen(email, address);
    const user = await this.accounts.findUserByEmail(email);
    const isRight = await this.passwords.matches(password, user?.password_hash);
    if (!user || !isRight) {
      await this.lockouts.countFailure(email, address);
      throw new UnauthenticatedError('The e-mail address or the password is wrong', {
        suggestion: 'Check both and try again. Five failures lock the account for your address for 15 minutes.',
      });
    }
    // Parallel guesses count too: the right one among them comes too late once the account is locked.
    await this.lockouts.requireOpen(email, address);
    await this.lockouts.succeeded(email, address);
    return user;
  }

  /** The organisation that a user signs in to: the first that it joined and still belongs to. */
  async requireMembership(user: User): Promise<Membership> {
    const [first] = await this.accounts.organizationsOf(user);
    if (first) return first.membership;
    throw new PermissionDeniedError('You do not belong to any organisation', {
      suggestion: 'Ask an administrator for an invitation.',
    });
  }
}
