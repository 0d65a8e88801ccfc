import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, ValidationError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { DEFAULT_ORGANIZATION, type Membership, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { hasAsciiLocalPart, normalEmail } from '../accounts/email-address.js';
import { AuditLog } from '../audit/audit-log.js';
import { actorOf, holds, type Principal, type Role } from '../principal.js';
import { requireGrantable } from '../require-grantable.js';
import { newSecret, secretHash } from '../secrets.js';
import { type Invitation, InvitationsRepository } from './invitations.repository.js';
import { type Acceptance, JoiningService } from './joining.service.js';

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
    private readonly joining: JoiningService,
    private readonly accounts: AccountsRepository,
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

  /** Those that can still be accepted, oldest first. */
  async list(org_id: string): Promise<Invitation[]> {
    return (await this.invitations.listByOrg(org_id)).filter((one) => !this.isPast(one));
  }

  /** @throws NotFoundError for one that is unknown, used, or past */
  async revoke(principal: Principal, invitation_id: string): Promise<void> {
    const invitation = await this.invitations.find(principal.org_id, invitation_id);
    if (!invitation || this.isPast(invitation) || !(await this.invitations.remove(invitation)))
      throw new NotFoundError('Invitation', invitation_id);
    await this.record(principal, 'member.invitation_revoked', invitation);
  }

  /**
   * For the invited address only: an account proves it with its password, a new user sets name and password.
   * @throws NotFoundError for an invitation that is unknown, used, revoked or expired, or whose inviter may no longer give its
   *   roles; UnauthenticatedError, RateLimitedError, ValidationError; ConflictError for a member
   */
  async accept(token: string, given: Acceptance): Promise<{ user: User; membership: Membership }> {
    const joined = await this.joining.join(await this.open(token), given);
    if (joined) return joined;
    await this.open(token);
    throw new ConflictError('You are a member already', { suggestion: 'Sign in.' });
  }

  private async open(token: string): Promise<Invitation> {
    const invitation = await this.invitations.findBySecret(secretHash(token));
    if (invitation && !this.isPast(invitation) && (await this.mayInvite(invitation))) return invitation;
    throw new NotFoundError('Invitation', 'token', {
      suggestion: 'Ask for a new invitation: one can be used once, within seven days.',
    });
  }

  /** An invitation ends with the membership of its inviter, or when the inviter loses a role that it gives. */
  private async mayInvite({ org_id, invited_by, roles, created_at }: Invitation): Promise<boolean> {
    const inviter = await this.accounts.findMembership(org_id, invited_by);
    if (inviter) return inviter.created_at <= created_at && roles.every((role) => holds(inviter, role));
    // An operator of the platform invites without being a member.
    const operator = await this.accounts.findMembership(DEFAULT_ORGANIZATION, invited_by);
    return operator?.roles.includes('system_admin') ?? false;
  }

  private isPast({ expires_at }: Invitation): boolean {
    return expires_at <= seconds(this.clock.now());
  }

  private async record(principal: Principal, action: string, { org_id, invitation_id, email, roles }: Invitation) {
    const fact = { org_id, actor: actorOf(principal), action, target: invitation_id, details: { email, roles } };
    await this.audit.record({ ...fact, outcome: 'success' });
  }
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
