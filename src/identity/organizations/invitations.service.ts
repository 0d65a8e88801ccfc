import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import {
  DEFAULT_ORGANIZATION,
  hasAsciiLocalPart,
  type Membership,
  normalEmail,
  type User,
  type Invitation,
} from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { Passwords } from '../accounts/passwords.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { AuditLog } from '../audit/audit-log.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { actorOf, holds, type Principal, requireGrantable, type Role } from '../principal.js';
import { newSecret, secretHash } from '../secrets.js';
import { InvitationsRepository, removalOf } from './invitations.repository.js';

const KEPT_SECONDS = 7 * 86_400;
const INVITATION_PREFIX = 'nxi_';

export interface Acceptance {
  password: string;
  /** Needed for a new account. */
  name?: string | undefined;
  /** Of the client, for the count of failures. */
  address: string;
}

/**
 * Invitations to an organisation: a secret that the administrator passes on, valid once and for seven days. The answer is
 * the same whether or not the invited address has an account, and an account joins only by accepting.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly invitations: InvitationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly signIn: SignInService,
    private readonly registration: RegistrationService,
    private readonly passwords: Passwords,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  /** @throws PermissionDeniedError for roles that the caller does not hold */
  async invite(principal: Principal, given: string, roles: Role[]): Promise<{ token: string; invitation: Invitation }> {
    requireGrantable(principal, roles);
    if (!hasAsciiLocalPart(given))
      throw ValidationError.field('email', 'must have only ASCII letters, digits and signs before the @');
    const token = newSecret(INVITATION_PREFIX);
    const now = this.clock.now();
    const invitation: Invitation = {
      invitation_id: this.ids.next('inv'),
      org_id: principal.org_id,
      email: normalEmail(given),
      roles,
      invited_by: principal.user_id,
      created_at: now.toISOString(),
      expires_at: seconds(now) + KEPT_SECONDS,
      token_hash: secretHash(token),
    };
    await this.invitations.create(invitation);
    await this.record(principal, 'member.invited', invitation);
    return { token, invitation };
  }

  /** Open invitations, oldest first. */
  async list(org_id: string): Promise<Invitation[]> {
    return (await this.invitations.listByOrg(org_id)).filter((one) => !this.isExpired(one));
  }

  /** @throws NotFoundError for an invitation that is unknown, used or expired */
  async revoke(principal: Principal, invitation_id: string): Promise<void> {
    const invitation = await this.invitations.find(principal.org_id, invitation_id);
    if (!invitation || this.isExpired(invitation) || !(await this.invitations.remove(invitation)))
      throw new NotFoundError('Invitation', invitation_id);
    await this.record(principal, 'member.invitation_revoked', invitation);
  }

  /**
   * For the invited address only: an account proves it with its password, a new user sets name and password.
   * @throws NotFoundError for an invitation that is unknown, used, revoked or expired, or whose inviter may no longer give its
   *   roles; UnauthenticatedError, RateLimitedError, ValidationError; ConflictError for a member
   */
  async accept(token: string, given: Acceptance): Promise<{ user: User; membership: Membership }> {
    const joined = await this.join(await this.open(token), given);
    if (joined) return joined;
    await this.open(token);
    throw new ConflictError('You are a member already', { suggestion: 'Sign in.' });
  }

  /**
   * Adds the user to the organization, with an existing or a new account, and deletes the invitation in the same transaction. Without a name, an address without an account is answered like a wrong password, with the same work: the holder of an
   * invitation does not learn whether its address has an account.
   * @returns undefined when the invitation is gone, the account is already a member, or it was just registered
   * @throws UnauthenticatedError for a wrong password, RateLimitedError, ValidationError for a bad one with a name
   */
  private async join(
    invitation: Invitation,
    { password, name, address }: Acceptance,
  ): Promise<{ user: User; membership: Membership } | undefined> {
    const { email, org_id, roles } = invitation;
    if (name !== undefined) await this.passwords.requireGood('password', password, email);
    const known = await this.accounts.findUserByEmail(email);
    if (known || name === undefined)
      return this.addMember(await this.signIn.requireUser(email, password, address), invitation);
    const given = { email, email_verified: false, name, password };
    return this.registration.asMember(given, org_id, roles, removalOf(invitation));
  }

  private async addMember(user: User, invitation: Invitation) {
    const { user_id, email, name } = user;
    const { org_id, roles } = invitation;
    const membership = { org_id, user_id, email, name, roles, created_at: this.clock.timestamp() };
    return (await this.accounts.addMembership(membership, removalOf(invitation))) ? { user, membership } : undefined;
  }

  private async open(token: string): Promise<Invitation> {
    const invitation = await this.invitations.findBySecret(secretHash(token));
    if (invitation && !this.isExpired(invitation) && (await this.mayInvite(invitation))) return invitation;
    throw new NotFoundError('Invitation', 'token', {
      suggestion: 'Ask for a new invitation: one can be used once, within seven days.',
    });
  }

  /** An invitation ends with the membership of its inviter, or when the inviter loses a role that it grants. */
  private async mayInvite({ org_id, invited_by, roles, created_at }: Invitation): Promise<boolean> {
    const inviter = await this.accounts.findMembership(org_id, invited_by);
    if (inviter) return inviter.created_at <= created_at && roles.every((role) => holds(inviter, role));
    // An operator of the platform invites without being a member.
    const operator = await this.accounts.findMembership(DEFAULT_ORGANIZATION, invited_by);
    return operator?.roles.includes('system_admin') ?? false;
  }

  private isExpired({ expires_at }: Invitation): boolean {
    return expires_at <= seconds(this.clock.now());
  }

  private async record(principal: Principal, action: string, { org_id, invitation_id, email, roles }: Invitation) {
    const fact = { org_id, actor: actorOf(principal), action, target: invitation_id, details: { email, roles } };
    await this.audit.record({ ...fact, outcome: 'success' });
  }
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
