import { Injectable } from '@nestjs/common';
import { PermissionDeniedError, UnauthenticatedError } from '../../shared/domain-error.js';
import { type Membership, normalEmail, type User } from './account.js';
import { AccountsRepository } from './accounts.repository.js';
import { LockoutsService } from './lockouts.service.js';
import { Passwords } from './passwords.js';

/** Who an e-mail address and a password are. Unknown addresses get the same words, the same work and the same lock. */
@Injectable()
export class LoginService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly lockouts: LockoutsService,
  ) {}

  /** @throws UnauthenticatedError for any wrong pair, RateLimitedError while the address is locked. */
  async requireUser(given: string, password: string): Promise<User> {
    const email = normalEmail(given);
    await this.lockouts.requireOpen(email);
    const user = await this.accounts.findUserByEmail(email);
    const isRight = await this.passwords.matches(password, user?.password_hash);
    if (!user || !isRight) {
      await this.lockouts.countFailure(email);
      throw new UnauthenticatedError('The e-mail address or the password is wrong', {
        suggestion: 'Check both and try again; after five failures the address is locked for 15 minutes.',
      });
    }
    // Guesses that were made side by side count too: the right one among them comes too late once the lock has fallen.
    const hasFailures = await this.lockouts.requireOpen(email);
    if (hasFailures) await this.lockouts.forget(email);
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
