import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ValidationError } from '../../shared/domain-error.js';
import type { Membership, User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { LoginService } from '../accounts/login.service.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { type Invitation, removalOf } from './invitations.repository.js';

/** Makes whoever was invited a member: with the account that they have, or a new one. The invitation is used up with it. */
@Injectable()
export class JoiningService {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly login: LoginService,
    private readonly registration: RegistrationService,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns undefined when something stood against it: the invitation is gone, or the account is a member or new meanwhile.
   * @throws UnauthenticatedError for a wrong password, ValidationError
   */
  async join(
    invitation: Invitation,
    password: string,
    name: string | undefined,
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const known = await this.accounts.findUserByEmail(invitation.email);
    const user = known && (await this.login.requireUser(invitation.email, password));
    if (user) return this.addMember(user, invitation);
    if (name === undefined) throw ValidationError.field('name', 'is needed for a new account');
    const { email, org_id, roles } = invitation;
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
