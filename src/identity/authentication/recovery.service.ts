import { Injectable } from '@nestjs/common';
import { ConflictError, NotFoundError, RateLimitedError, UnauthenticatedError } from '../../shared/domain-error.js';
import { Ids } from '../../shared/ids.js';
import { AuditLog } from '../audit/audit-log.js';
import { AttemptsRepository } from '../accounts/attempts.repository.js';
import { LockoutsService } from './sign-in.service.js';
import { StandingService } from './standing.service.js';
import type { MailPurpose } from '../mail/account-mail.js';
import { AccountMails } from '../mail/account-mails.service.js';
import { type Principal, requireToken } from '../principal.js';
import { secretHash } from '../../platform/secrets/secret-box.js';
import { type Membership, normalEmail, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { Passwords } from '../accounts/passwords.js';
import { RegistrationService } from '../accounts/registration.service.js';

const WINDOW_SECONDS = 15 * 60;
/** Requests for one email address from one network address in a window. */
const REQUESTS_FROM_ONE_ADDRESS = 5;
/** Mails to one email address in a window, wherever the requests come from. Further requests are accepted and dropped. */
const MAILS_TO_ONE_ADDRESS = 10;

export interface Registering {
  email: string;
  password: string;
  name: string;
  organization_name: string;
}

/**
 * What the owner of a mailbox can do with a mailed token: register, choose a new password, verify the address, sign in. Requests give the
 * same answer after the same work for every address. A token can be used once, within 15 minutes of the request.
 */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly mails: AccountMails,
    private readonly accounts: AccountsRepository,
    private readonly passwords: Passwords,
    private readonly registration: RegistrationService,
    private readonly lockouts: LockoutsService,
    private readonly standing: StandingService,
    private readonly attempts: AttemptsRepository,
    private readonly audit: AuditLog,
    private readonly ids: Ids,
  ) {}

  /** @throws RateLimitedError for too many requests for one email address from one network address */
  async request(purpose: MailPurpose, given: string, from: { address: string; browser?: string }): Promise<void> {
    const email = normalEmail(given);
    if (await this.isMailable(email, from.address)) await this.mails.request(purpose, email, from.browser);
  }

  /**
   * Stores a registration until the token of its mail is confirmed. The password is checked and hashed for every address. The
   * mail to an address that has an account carries no token and says so.
   * @throws ValidationError naming `email` or `password`; RateLimitedError as {@link request}
   */
  async requestRegistration(given: Registering, from: { address: string; browser: string }): Promise<void> {
    const { password, name, organization_name } = given;
    const email = await this.registration.requireGood(given.email, password);
    if (!(await this.isMailable(email, from.address))) return;
    const password_hash = await this.passwords.hash(password);
    await this.mails.request('registration', email, from.browser, { name, organization_name, password_hash });
  }

  /**
   * Creates the account of a registration, with a verified address and an organization of its own. Only in the browser that
   * registered: the owner of a mailbox must not confirm, with one click, a password that another person chose.
   * @param browser the cookie of the browser that presents the token
   * @throws UnauthenticatedError for a token that is unknown, used, expired or of another browser; ConflictError when another
   *   request was faster
   */
  async confirmRegistration(
    token: string,
    browser: string | undefined,
  ): Promise<{ user: User; membership: Membership }> {
    const mail = await this.mails.findRegistration(token);
    if (!mail || browser === undefined || secretHash(browser) !== mail.browser) throw refused();
    const { name, organization_name, password_hash } = mail.registration;
    const made = await this.registration.withOrganization(
      { email: mail.email, email_verified: true, name, password: { hash: password_hash } },
      organization_name,
      { alongside: [this.mails.usage(mail, token)] },
    );
    if (!made)
      throw new ConflictError('The token was just used by another request, or the address now has an account', {
        suggestion: 'Sign in instead.',
      });
    return made;
  }

  /** @returns false when the mailbox has had enough mails. @throws RateLimitedError */
  private async isMailable(email: string, address: string): Promise<boolean> {
    const [here, everywhere] = await Promise.all([
      this.attempts.countInWindow(`mail ${address} ${email}`, WINDOW_SECONDS),
      this.attempts.countInWindow(`mail ${email}`, WINDOW_SECONDS),
    ]);
    if (here.count > REQUESTS_FROM_ONE_ADDRESS)
      throw new RateLimitedError('Too many emails were requested for this address', here.seconds_left, {
        suggestion: 'Use the newest email that you received, or retry after the time in Retry-After.',
      });
    return everywhere.count <= MAILS_TO_ONE_ADDRESS;
  }

  /** Sends the verification mail to the caller's own address. Does nothing for a verified address. */
  async requestVerification(user_id: string, address: string): Promise<void> {
    const user = await this.accounts.findUser(user_id);
    if (user && !user.email_verified) await this.request('email_verification', user.email, { address });
  }

  /**
   * Sets a new password and ends every sign-in of the account. It does not sign in, so the token may be used in another browser
   * than the one that asked. A second factor stays, unless the address was unverified: then it may not be the owner's.
   * @param address of the client: the account is open for it again, whatever was guessed
   * @throws UnauthenticatedError for a token that is unknown, used or expired; ValidationError for a bad password
   */
  async resetPassword(token: string, password: string, address: string): Promise<void> {
    const mail = await this.mails.find(token, 'password_reset');
    const user = mail && (await this.accounts.findUser(mail.user_id));
    if (!mail || user?.email !== mail.email) throw refused();
    await this.passwords.requireGood('password', password, user.email);
    const hash = await this.passwords.hash(password);
    const reset = this.accounts.passwordReset(user, hash, this.ids.next('fam'));
    if (!(await this.mails.use(mail, token, reset))) throw refused();
    this.standing.changed(user.user_id);
    await this.lockouts.succeeded(user.email, address);
    await this.record(user, 'auth.password_reset');
  }

  /**
   * For an operator at the machine who lost a password: as {@link resetPassword}, without a mail. Failed sign-ins from this machine
   * are forgotten.
   * @throws NotFoundError for an address without an account, ValidationError for a bad password, ConflictError
   */
  async resetPasswordHere(given: string, password: string): Promise<User> {
    const email = normalEmail(given);
    const user = await this.accounts.findUserByEmail(email);
    if (!user)
      throw new NotFoundError('Account', email, {
        suggestion:
          'Give the email address of an account. In development, the first start creates the account NEXUS_ADMIN_EMAIL.',
      });
    await this.passwords.requireGood('password', password, email);
    const hash = await this.passwords.hash(password);
    if (!(await this.accounts.resetPassword(user, hash, this.ids.next('fam'))))
      throw new ConflictError('The account was changed by another request', { suggestion: 'Run the command again.' });
    this.standing.changed(user.user_id);
    await this.lockouts.succeeded(email, '127.0.0.1');
    await this.record({ ...user, user_id: 'console' }, 'auth.password_reset');
    return user;
  }

  /**
   * Only signed in to the account itself: the owner of a mailbox must not verify, with one click, an account that another
   * person registered with the address.
   * @throws UnauthenticatedError for a token that is unknown, used, expired, or of another account
   */
  async verifyEmail(principal: Principal, token: string): Promise<void> {
    requireToken(principal);
    const mail = await this.mails.find(token, 'email_verification');
    if (mail?.user_id !== principal.user_id) throw refused();
    const user = await this.accounts.findUser(mail.user_id);
    if (user?.email !== mail.email) throw refused();
    if (!(await this.mails.use(mail, token, [this.accounts.addressVerified(user)]))) throw refused();
    this.standing.changed(user.user_id);
    await this.record(user, 'auth.email_verified');
  }

  /**
   * @param browser the cookie of the browser that presents the token
   * @returns the user who has proven to own the mailbox. @throws UnauthenticatedError also in another browser than the one that asked
   */
  async redeemMagicLink(token: string, browser: string | undefined): Promise<User> {
    const mail = await this.mails.find(token, 'magic_link');
    if (!mail || browser === undefined || secretHash(browser) !== mail.browser) throw refused();
    const user = await this.accounts.findUser(mail.user_id);
    if (user?.email !== mail.email || !user.email_verified) throw refused();
    if (!(await this.mails.use(mail, token)))
      throw new ConflictError('The token was just used by another request', {
        suggestion: 'Request a new sign-in link.',
      });
    return user;
  }

  /** In the log of each organization of the account. */
  private async record({ user_id, org_ids }: User, action: string): Promise<void> {
    const fact = { actor: user_id, action, outcome: 'success' } as const;
    await Promise.all(org_ids.map((org_id) => this.audit.record({ ...fact, org_id })));
  }
}

const refused = (): UnauthenticatedError =>
  new UnauthenticatedError('The token is unknown, already used, expired, or was requested in another browser', {
    suggestion:
      'Request a new email, and use its token within 15 minutes; a sign-in link or a registration works only in the browser that requested it.',
  });
