import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import {
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  UnauthenticatedError,
  ValidationError,
} from '../../shared/domain-error.js';
import { type Membership, normalEmail, type User } from '../accounts/account.js';
import { AccountsRepository } from '../accounts/accounts.repository.js';
import { RegistrationService } from '../accounts/registration.service.js';
import { SignInService } from '../authentication/sign-in.service.js';
import { newSecret, secretHash } from '../../platform/secrets/secret-box.js';
import {
  GithubProvider,
  GoogleProvider,
  callbackUrl,
  type OAuthChecks,
  type OAuthProvider,
  type ProvenIdentity,
  type ProviderName,
} from './oauth-providers.js';
import { type OAuthCode, OAuthRecordsRepository, type OAuthState } from './oauth-records.repository.js';

/** Time to sign in at the provider, in seconds. */
export const STATE_SECONDS = 600;
/** Time to exchange the code, in seconds. */
export const CODE_SECONDS = 60;
const CODE_PREFIX = 'nxo_';

/** The request with which a browser comes back from the provider. */
export interface OAuthCallback {
  query: URLSearchParams;
  /** The cookie of the browser that comes back. */
  browser: string | undefined;
}

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
 * Sign-in through a provider (RFC 6749 §4.1 with RFC 7636 and 9700). `state` can be used once, within ten minutes, by the browser
 * that began: a link that another person began signs nobody in. Accounts are linked by verified address only: an account whose
 * address was never verified may have been registered by another person, so it is linked only together with its password.
 */
@Injectable()
export class OAuthService {
  private readonly logger = new Logger(OAuthService.name);
  private readonly providers: Readonly<Record<ProviderName, OAuthProvider>>;

  constructor(
    google: GoogleProvider,
    github: GithubProvider,
    private readonly records: OAuthRecordsRepository,
    private readonly accounts: AccountsRepository,
    private readonly signIn: SignInService,
    private readonly registration: RegistrationService,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {
    this.providers = { google, github };
  }

  /** The providers that are set up. */
  get ways(): OAuthProvider[] {
    return Object.values(this.providers).filter(({ isEnabled }) => isEnabled);
  }

  /** @throws NotFoundError, UnauthenticatedError when the provider cannot be reached */
  async begin(name: ProviderName, browser: string): Promise<URL> {
    const provider = this.enabled(name);
    const checks: OAuthChecks = { state: newSecret(''), nonce: newSecret(''), code_verifier: newSecret('') };
    const url = await provider.authorizationUrl(checks).catch((error: unknown) => this.unconfirmed(name, error));
    const { nonce, code_verifier } = checks;
    const state = {
      provider: name,
      nonce,
      code_verifier,
      browser: secretHash(browser),
      expires_at: this.in(STATE_SECONDS),
    };
    await this.records.createState(secretHash(checks.state), state);
    return url;
  }

  /**
   * Checks the answer of the provider.
   * @returns a code that can be exchanged once, within a minute
   * @throws NotFoundError, ValidationError for a state that is unknown, used, expired or another browser's,
   * UnauthenticatedError when the provider does not confirm, PermissionDeniedError for an unproven address.
   */
  async finish(name: ProviderName, { query, browser }: OAuthCallback): Promise<string> {
    const provider = this.enabled(name);
    const state = query.get('state') ?? '';
    const begun = await this.takeState(name, state, browser);
    const { nonce, code_verifier } = begun;
    const callback = callbackUrl(this.settings, name);
    callback.search = query.toString();
    const identity = await provider
      .identify(callback, { state, nonce, code_verifier })
      .catch((error: unknown) => this.unconfirmed(name, error));
    return this.codeFor(name, identity, begun.browser);
  }

  /**
   * The user of a code that {@link finish} returned; registers a new user if the address has no account.
   * @throws UnauthenticatedError for a code that is unknown, used, expired or another browser's, or for a wrong password; ConflictError
   *   when a password is needed (the code stays valid); PermissionDeniedError where registration is closed; RateLimitedError
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

  /** @throws NotFoundError for a provider without a client id */
  private enabled(name: ProviderName): OAuthProvider {
    const provider = this.providers[name];
    if (provider.isEnabled) return provider;
    throw new NotFoundError('Sign-in provider', name, {
      suggestion: `Sign in with a password, or ask the operator to set OAUTH_${name.toUpperCase()}_CLIENT_ID.`,
    });
  }

  private async takeState(name: ProviderName, state: string, browser: string | undefined): Promise<OAuthState> {
    const hash = secretHash(state);
    const begun = await this.records.findState(hash);
    const isMine = begun?.provider === name && browser !== undefined && begun.browser === secretHash(browser);
    if (!isMine || !(await this.records.takeState(hash)))
      throw ValidationError.field(
        'state',
        'was not started in this browser, was already used, or has expired; start the sign-in again',
      );
    return begun;
  }

  private async codeFor(
    provider: ProviderName,
    { email, email_verified, name }: ProvenIdentity,
    browser: string,
  ): Promise<string> {
    if (!email_verified || email === '')
      throw new PermissionDeniedError(`${provider} has no verified email address for you`, {
        suggestion: `Verify your primary email address at ${provider} and sign in again.`,
      });
    const code = newSecret(CODE_PREFIX);
    const expires_at = this.in(CODE_SECONDS);
    await this.records.createCode(secretHash(code), {
      provider,
      email: normalEmail(email),
      name: name.slice(0, 200),
      browser,
      expires_at,
    });
    return code;
  }

  private unconfirmed(provider: ProviderName, error: unknown): never {
    this.logger.warn({ msg: 'A sign-in was not confirmed', provider, err: error });
    throw new UnauthenticatedError(`${provider} did not confirm the sign-in`, {
      suggestion: 'Start the sign-in again; if it fails again, the operator finds the reason in the log.',
    });
  }

  private in(seconds: number): number {
    return Math.floor(this.clock.now().getTime() / 1000) + seconds;
  }

  private async linked(user: User, { provider }: OAuthCode): Promise<Exchanged> {
    if (!user.email_verified) await this.accounts.verifyEmail(user.user_id);
    return { user: { ...user, email_verified: true }, method: provider };
  }

  private async registered({ email, name, provider }: OAuthCode): Promise<Exchanged> {
    const made = await this.registration.withOrganization({ email, email_verified: true, name, password: null }, name);
    if (!made)
      throw new ConflictError('The account was just created by another request', { suggestion: 'Sign in again.' });
    return { ...made, method: provider };
  }

  private async requirePassword({ email }: OAuthCode, password: string | undefined, address: string): Promise<void> {
    if (password === undefined)
      throw new ConflictError('An account with this address exists, and the address was never verified', {
        details: { needs: 'password' },
        suggestion: 'Send the code again together with the password of that account, within one minute.',
      });
    await this.signIn.requireUser(email, password, address);
  }

  private requireOpenRegistration(): void {
    if (!this.settings.get('NEXUS_ALLOW_REGISTRATION'))
      throw new PermissionDeniedError('Registration is closed', {
        suggestion: 'Ask an administrator for an invitation, accept it, and sign in this way from then on.',
      });
  }
}

const unknown = (): UnauthenticatedError =>
  new UnauthenticatedError('The code is unknown, already used, expired, or belongs to another browser', {
    suggestion: 'Start the sign-in again, and exchange the code in the same browser, with its cookies.',
  });
