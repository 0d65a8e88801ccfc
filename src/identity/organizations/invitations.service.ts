import { Injectable } from '@nestjs/common';
import { Clock } from '../../shared/clock.js';
import { ConflictError, NotFoundError, RateLimitedError, ValidationError } from '../../shared/domain-error.js';
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
import { AttemptsRepository } from '../accounts/attempts.repository.js';
import { SignInService } from '../authentication/sign-in.service.js';
import type { MailStatus } from '../mail/account-mail.js';
import { AccountMails } from '../mail/account-mails.service.js';
import { actorOf, holds, type Principal, requireGrantable, type Role } from '../principal.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import { InvitationsRepository, removalOf } from './organizations.repository.js';

const KEPT_SECONDS = 7 * 86_400;
const INVITATION_PREFIX = 'nxi_';
/** Mailed invitations to one address from all organizations, and of one organization to all addresses. */
const DAY_SECONDS = 86_400;
const MAILS_TO_ONE_ADDRESS = 10;
const HOUR_SECONDS = 3_600;
const MAILS_OF_ONE_ORGANIZATION = 200;

export interface Acceptance {
  password: string;
  /** Needed for a new account. */
  name?: string | undefined;
  /** Of the client, for the count of failures. */
  address: string;
}

/** An invitation and what becomes of its mail; null when it has none. */
export interface ListedInvitation {
  invitation: Invitation;
  mail_status: MailStatus | null;
}

/**
 * Invitations to an organization: a token, valid once and for seven days, that is mailed to the invited address and never shown.
 * Only a platform that sends no mail returns the token, for the administrator to hand over. The answer is the same whether or not
 * the address has an account, and an account joins only by accepting.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly invitations: InvitationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly signIn: SignInService,
    private readonly registration: RegistrationService,
    private readonly passwords: Passwords,
    private readonly mails: AccountMails,
    private readonly attempts: AttemptsRepository,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores the invitation and its mail in one transaction.
   * @returns with the token only when the platform sends no mail
   * @throws PermissionDeniedError for roles that the caller does not hold, ValidationError, RateLimitedError
   */
  async invite(principal: Principal, given: string, roles: Role[]): Promise<ListedInvitation & { token?: string }> {
    requireGrantable(principal, roles);
    if (!hasAsciiLocalPart(given))
      throw ValidationError.field('email', 'must have only ASCII letters, digits and symbols before the @');
    const now = this.clock.now();
    const draft: Invitation = {
      invitation_id: this.ids.next('inv'),
      org_id: principal.org_id,
      email: normalEmail(given),
      roles,
      invited_by: principal.user_id,
      created_at: now.toISOString(),
      expires_at: seconds(now) + KEPT_SECONDS,
    };
    const made = this.mails.isOn ? await this.mail(draft) : await this.handOver(draft);
    await this.record(principal, 'member.invited', made.invitation);
    return made;
  }

  /** Open invitations, oldest first. */
  async list(org_id: string): Promise<ListedInvitation[]> {
    const open = (await this.invitations.listByOrg(org_id)).filter((one) => !this.isExpired(one));
    return Promise.all(
      open.map(async (invitation) => ({ invitation, mail_status: await this.mailStatus(invitation) })),
    );
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
    throw new ConflictError('You are already a member', { suggestion: 'Sign in.' });
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
    // The token of a mail proves that the address is the acceptor's; one that was handed over does not.
    const given = { email, email_verified: invitation.mail_id !== undefined, name, password };
    return this.registration.asMember(given, org_id, roles, removalOf(invitation));
  }

  private async addMember(user: User, invitation: Invitation) {
    const { user_id, email, name } = user;
    const { org_id, roles } = invitation;
    const membership = { org_id, user_id, email, name, roles, created_at: this.clock.timestamp() };
    return (await this.accounts.addMembership(membership, removalOf(invitation))) ? { user, membership } : undefined;
  }

  private async open(token: string): Promise<Invitation> {
    const invitation = await this.findByToken(token);
    if (invitation && !this.isExpired(invitation) && (await this.mayInvite(invitation))) return invitation;
    throw new NotFoundError('Invitation', 'token', {
      suggestion: 'Ask for a new invitation. Each can be used once, within seven days.',
    });
  }

  private async findByToken(token: string): Promise<Invitation | undefined> {
    const mailed = await this.mails.findInvitation(token);
    return mailed
      ? this.invitations.find(mailed.org_id, mailed.invitation_id)
      : this.invitations.findBySecret(secretHash(token));
  }

  private async mail(draft: Invitation): Promise<ListedInvitation> {
    const { org_id, invitation_id, email, expires_at } = draft;
    await this.requireMailable(org_id, email);
    const organization_name = (await this.accounts.findOrganization(org_id))?.name ?? org_id;
    const mail = this.mails.invitation(email, { org_id, invitation_id, organization_name }, expires_at * 1000);
    const invitation = { ...draft, mail_id: mail.mail_id };
    await this.invitations.create(invitation, [mail.creation]);
    this.mails.sendSoon();
    return { invitation, mail_status: 'pending' };
  }

  private async handOver(draft: Invitation): Promise<ListedInvitation & { token: string }> {
    const token = newSecret(INVITATION_PREFIX);
    const invitation = { ...draft, token_hash: secretHash(token) };
    await this.invitations.create(invitation, []);
    return { token, invitation, mail_status: null };
  }

  private async requireMailable(org_id: string, email: string): Promise<void> {
    const [here, everywhere] = await Promise.all([
      this.attempts.countInWindow(`invitations of ${org_id}`, HOUR_SECONDS),
      this.attempts.countInWindow(`invitations to ${email}`, DAY_SECONDS),
    ]);
    if (here.count > MAILS_OF_ONE_ORGANIZATION)
      throw new RateLimitedError('Your organization has sent too many invitations', here.seconds_left, {
        suggestion: `An organization can mail ${MAILS_OF_ONE_ORGANIZATION} invitations an hour. Retry after the time in Retry-After.`,
      });
    if (everywhere.count > MAILS_TO_ONE_ADDRESS)
      throw new RateLimitedError('Too many invitations were mailed to this address', everywhere.seconds_left, {
        suggestion:
          'Ask the invited person to use an earlier invitation email, or retry after the time in Retry-After.',
      });
  }

  private async mailStatus({ mail_id }: Invitation): Promise<MailStatus | null> {
    return mail_id === undefined ? null : ((await this.mails.status(mail_id)) ?? 'failed');
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
