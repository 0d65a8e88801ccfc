import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { type Membership, normalEmail, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { LoginService } from '../accounts/login.service.js';
import { RegistrationService } from '../accounts/registration.service.js';
import type { Principal, Role } from '../principal.js';
import { requireGrantable } from '../require-grantable.js';
import { newSecret, secretHash } from '../secrets.js';
import { type Invitation, InvitationsRepository } from './invitations.repository.js';

const KEPT_SECONDS = 7 * 86_400;
const INVITATION_PREFIX = 'nxi_';

/**
 * Invitations to an organisation: a secret that the administrator hands over, good once and for seven days. The answer is
 * the same whether or not the invited address has an account, and nobody becomes a member without accepting.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly invitations: InvitationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly login: LoginService,
    private readonly registration: RegistrationService,
    private readonly clock: Clock,
  ) {}

  /** @throws PermissionDeniedError for roles that the caller does not hold */
  async invite(principal: Principal, given: string, roles: Role[]): Promise<{ token: string; invitation: Invitation }> {
    requireGrantable(principal, roles);
    const token = newSecret(INVITATION_PREFIX);
    const expires_at = Math.floor(this.clock.now().getTime() / 1000) + KEPT_SECONDS;
    const { org_id, user_id } = principal;
    const invitation = { org_id, email: normalEmail(given), roles, invited_by: user_id, expires_at };
    await this.invitations.create(secretHash(token), invitation);
    return { token, invitation };
  }

  /**
   * A new user sets name and password; who has an account proves it with its password.
   * @throws NotFoundError for an invitation that is unknown, used, or past; UnauthenticatedError, ValidationError
   */
  async accept(token: string, password: string, name?: string): Promise<{ user: User; membership: Membership }> {
    const hash = secretHash(token);
    const invitation = await this.invitations.find(hash);
    if (!invitation || invitation.expires_at * 1000 <= this.clock.now().getTime()) throw unknown();
    const known = await this.accounts.findUserByEmail(invitation.email);
    const user = known && (await this.login.requireUser(invitation.email, password));
    if (!user && name === undefined) throw ValidationError.field('name', 'is needed for a new account');
    const joined = user ? await this.join(user, invitation) : await this.register(invitation, password, name ?? '');
    if (!(await this.invitations.take(hash))) throw unknown();
    return joined;
  }

  private async join(user: User, { org_id, roles }: Invitation): Promise<{ user: User; membership: Membership }> {
    const { user_id, email, name } = user;
    const membership = { org_id, user_id, email, name, roles, created_at: this.clock.timestamp() };
    if (!(await this.accounts.addMembership(membership))) throw new ConflictError('You are a member already');
    return { user, membership };
  }

  private async register({ org_id, email, roles }: Invitation, password: string, name: string) {
    const created = await this.registration.asMember({ email, email_verified: false, name, password }, org_id, roles);
    if (!created) throw new ConflictError('The account was made by another request; sign in');
    return created;
  }
}

const unknown = (): NotFoundError =>
  new NotFoundError('Invitation', 'token', {
    suggestion: 'Ask for a new invitation: one can be used once, within seven days.',
  });
