import { Injectable } from '@nestjs/common';
import { Ids } from '../../shared/ids.js';
import { ConflictError, NotFoundError, UnauthenticatedError, ValidationError } from '../../shared/domain-error.js';
import { type Principal, requireToken } from '../principal.js';
import { StandingService } from './standing.service.js';
import { familyOf } from './access-tokens.js';
import type { Membership, Organization, User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { LockoutsService } from './sign-in.service.js';
import { Passwords } from '../accounts/passwords.js';

/** What users see and change of their own accounts. */
@Injectable()
export class AccountService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly standing: StandingService,
    private readonly lockouts: LockoutsService,
    private readonly ids: Ids,
  ) {}

  async get(user_id: string): Promise<User> {
    const user = await this.accounts.findUser(user_id);
    if (!user) throw new NotFoundError('User', user_id);
    return user;
  }

  async organizationsOf(user_id: string): Promise<{ organization: Organization; membership: Membership }[]> {
    return this.accounts.organizationsOf(await this.get(user_id));
  }

  /**
   * Ends every sign-in of the user but the present one.
   * @throws UnauthenticatedError when `current` is wrong (counted like a failed sign-in), ValidationError for a bad new one
   */
  async changePassword(principal: Principal, current: string, next: string, address: string): Promise<void> {
    const token_id = requireToken(principal);
    const user = await this.get(principal.user_id);
    await this.requirePassword(user, current, address);
    await this.passwords.requireGood('new', next, user.email);
    const kept = { after: this.ids.next('fam'), family_id: familyOf(token_id) };
    if (!(await this.accounts.changePassword(user, await this.passwords.hash(next), kept)))
      throw new ConflictError('The password was changed by another request');
    this.standing.changed(user.user_id);
  }

  /** The caller's own account, for what an API key cannot do. @throws PermissionDeniedError for API keys */
  async requireSelf(principal: Principal): Promise<User> {
    requireToken(principal);
    return this.get(principal.user_id);
  }

  /**
   * As {@link requireSelf}, and proven again by the password, so that a stolen access token does not suffice. An account without
   * a password has nothing to prove.
   * @param address of the client; failures are counted for it
   * @throws UnauthenticatedError when the password is wrong (counted like a failed sign-in), RateLimitedError
   */
  async requireOwner(principal: Principal, password: string | undefined, address: string): Promise<User> {
    const user = await this.requireSelf(principal);
    if (user.password_hash === null) return user;
    if (password === undefined) throw ValidationError.field('password', 'is required: the account has one');
    await this.requirePassword(user, password, address);
    return user;
  }

  private async requirePassword({ email, password_hash }: User, password: string, address: string): Promise<void> {
    await this.lockouts.requireOpen(email, address);
    if (!(await this.passwords.matches(password, password_hash))) {
      await this.lockouts.countFailure(email, address);
      throw new UnauthenticatedError('The current password is wrong', {
        suggestion: 'Send your current password.',
      });
    }
    await this.lockouts.requireOpen(email, address);
  }
}
