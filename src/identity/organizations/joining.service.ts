import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import type { Membership, User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { LoginService } from '../accounts/login.service.js';
import { Passwords } from '../accounts/passwords.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { type Invitation, removalOf } from './invitations.repository.js';

export interface Acceptance {
  password: string;
  /** Needed for a new account. */
  name?: string | undefined;
  /** Of the client, for the count of failures. */
  address: string;
}

/** Makes the invited a member: with the account that they have, or a new one. The invitation is used up with it. */
@Injectable()
export class JoiningService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly login: LoginService,
    private readonly registration: RegistrationService,
    private readonly passwords: Passwords,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns undefined when something stood against it: the invitation is gone, or the account is a member or new meanwhile.
   * Without a name, an address without an account is answered like a wrong password, with the same work: the holder of an
   * invitation does not learn whether its address has an account.
   * @throws UnauthenticatedError for a wrong password, RateLimitedError, ValidationError for a bad one with a name
   */
  async join(
    invitation: Invitation,
    { password, name, address }: Acceptance,
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const { email, org_id, roles } = invitation;
    if (name !== undefined) await this.passwords.requireGood('password', password, email);
    const known = await this.accounts.findUserByEmail(email);
    if (known || name === undefined)
      return this.addMember(await this.login.requireUser(email, password, address), invitation);
    const given = { email, email_verified: false, name, password };
    return this.registration.asMember(given, org_id, roles, removalOf(invitation));
  }

  private async addMember(user: User, invitation: Invitation) {
    const { user_id, email, name } = user;
    const { org_id, roles } = invitation;
    const membership = { org_id, user_id, email, name, roles, created_at: this.clock.timestamp() };
    return (await this.accounts.addMembership(membership, removalOf(invitation))) ? { user, membership } : undefined;
  }
}
