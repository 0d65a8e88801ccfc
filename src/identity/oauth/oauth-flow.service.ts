import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Clock } from '../../shared/clock.js';
import { PermissionDeniedError, UnauthenticatedError, ValidationError } from '../../shared/domain-error.js';
import { normalEmail } from '../accounts/email-address.js';
import { newSecret, secretHash } from '../secrets.js';
import { callbackUrl } from './callback-url.js';
import { type OAuthChecks, type ProvenIdentity, type ProviderName } from './oauth-provider.js';
import { OAuthProviders } from './oauth-providers.js';
import { OAuthRecordsRepository, type OAuthState } from './oauth-records.repository.js';

/** Time to sign in at the provider. */
export const STATE_SECONDS = 600;
/** Time for the page that got the code to exchange it. */
export const CODE_SECONDS = 60;
const CODE_PREFIX = 'nxo_';

/** What the provider sent the browser back with. */
export interface OAuthCallback {
  query: URLSearchParams;
  /** The cookie of the browser that comes back. */
  browser: string | undefined;
}

/**
 * The way of a browser to a provider and back (RFC 6749 §4.1 with RFC 7636 and 9700). `state` is good once, for ten minutes, and
 * for the browser that began: a link that somebody else began signs nobody in.
 */
@Injectable()
export class OAuthFlow {
  private readonly logger = new Logger(OAuthFlow.name);

  constructor(
    private readonly providers: OAuthProviders,
    private readonly records: OAuthRecordsRepository,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFoundError, UnauthenticatedError when the provider cannot be reached */
  async begin(name: ProviderName, browser: string): Promise<URL> {
    const provider = this.providers.get(name);
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
   * @returns a code that can be exchanged once, for a minute.
   * @throws NotFoundError, ValidationError for a state that is unknown, used, past or another browser's,
   * UnauthenticatedError when the provider does not confirm, PermissionDeniedError for an unproven address.
   */
  async finish(name: ProviderName, { query, browser }: OAuthCallback): Promise<string> {
    const provider = this.providers.get(name);
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

  private async takeState(name: ProviderName, state: string, browser: string | undefined): Promise<OAuthState> {
    const hash = secretHash(state);
    const begun = await this.records.findState(hash);
    const isMine = begun?.provider === name && browser !== undefined && begun.browser === secretHash(browser);
    if (!isMine || !(await this.records.takeState(hash)))
      throw ValidationError.field(
        'state',
        'was not begun by this browser, or is used or expired; start the sign-in again',
      );
    return begun;
  }

  private async codeFor(
    provider: ProviderName,
    { email, email_verified, name }: ProvenIdentity,
    browser: string,
  ): Promise<string> {
    if (!email_verified || email === '')
      throw new PermissionDeniedError(`${provider} has not verified an e-mail address of yours`, {
        suggestion: `Verify your primary e-mail address at ${provider} and sign in again.`,
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

  private now(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }

  private in(seconds: number): number {
    return this.now() + seconds;
  }
}
