import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { ConflictError, PermissionDeniedError, UnauthenticatedError } from '../../shared/domain-error.js';
import type { Membership, User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { LoginService } from '../accounts/login.service.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { secretHash } from '../secrets.js';
import { type OAuthCode, OAuthRecordsRepository } from './oauth-records.repository.js';

export interface Exchanging {
  /** The cookie of the browser that exchanges. */
  browser: string | undefined;
  password?: string | undefined;
  /** Of the client, for the count of failures. */
  address: string;
}

export interface Exchanged {
  user: User;
  membership?: Membership;
  method: string;
}

/**
 * Turns a proven identity into a user. Accounts are linked by verified address only: an account whose address was never proven
 * may have been made by somebody else, so it is linked to whoever also knows its password, and to nobody without it.
 */
@Injectable()
export class OAuthExchange {
  constructor(
    private readonly records: OAuthRecordsRepository,
    private readonly accounts: AccountsRepository,
    private readonly login: LoginService,
    private readonly registration: RegistrationService,
    private readonly settings: Settings,
  ) {}

  /**
   * @throws UnauthenticatedError for a code that is unknown, used, expired or another browser's, or a wrong password; ConflictError when a password is
   * needed (the code stays good); PermissionDeniedError where registration is closed; RateLimitedError
   */
  async exchange(code: string, { browser, password, address }: Exchanging): Promise<Exchanged> {
    const hash = secretHash(code);
    const proven = await this.records.findCode(hash);
    if (!proven || browser === undefined || proven.browser !== secretHash(browser)) throw unknown();
    const known = await this.accounts.findUserByEmail(proven.email);
    if (known && !known.email_verified) await this.requirePassword(proven, password, address);
    if (!known) this.requireOpenRegistration();
    if (!(await this.records.takeCode(hash))) throw unknown();
    if (known) return this.linked(known, proven);
    return this.registered(proven);
  }

  private async linked(user: User, { provider }: OAuthCode): Promise<Exchanged> {
    if (!user.email_verified) await this.accounts.verifyEmail(user.user_id);
    return { user: { ...user, email_verified: true }, method: provider };
  }

  private async registered({ email, name, provider }: OAuthCode): Promise<Exchanged> {
    const made = await this.registration.withOrganization({ email, email_verified: true, name, password: null }, name);
    if (!made) throw new ConflictError('The account was made by another request', { suggestion: 'Sign in again.' });
    return { ...made, method: provider };
  }

  private async requirePassword({ email }: OAuthCode, password: string | undefined, address: string): Promise<void> {
    if (password === undefined)
      throw new ConflictError('There is an account with this address whose address was never proven', {
        details: { needs: 'password' },
        suggestion: 'Send the code again together with the password of that account, within the minute.',
      });
    await this.login.requireUser(email, password, address);
  }

  private requireOpenRegistration(): void {
    if (!this.settings.get('NEXUS_ALLOW_REGISTRATION'))
      throw new PermissionDeniedError('Registration is closed', {
        suggestion: 'Ask an administrator for an invitation, accept it, and sign in this way from then on.',
      });
  }
}

const unknown = (): UnauthenticatedError =>
  new UnauthenticatedError('The code is unknown, used, expired or of another browser', {
    suggestion: 'Start the sign-in again, and exchange the code in the same browser, with its cookies.',
  });
