import { Injectable } from '@nestjs/common';
import type { Configuration, IDToken } from 'openid-client';
import { Settings } from '../../platform/config/settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import {
  callbackUrl,
  type OAuthChecks,
  OAuthProvider,
  openidClient,
  PATIENCE_MS,
  type ProvenIdentity,
  providerFetch,
} from './oauth-provider.js';

const SCOPE = 'openid email profile';

/** OpenID Connect: Google, or whichever provider OAUTH_GOOGLE_ISSUER names. */
@Injectable()
export class GoogleProvider extends OAuthProvider {
  override readonly name = 'google';
  private configuration: Promise<Configuration> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly outgoing: OutgoingHttp,
  ) {
    super();
  }

  /** Google, or the host of the provider that the settings name. */
  override get label(): string {
    const { hostname } = new URL(this.settings.get('OAUTH_GOOGLE_ISSUER'));
    return hostname === 'accounts.google.com' ? 'Google' : hostname;
  }

  override get isEnabled(): boolean {
    return this.settings.get('OAUTH_GOOGLE_CLIENT_ID') !== undefined;
  }

  override async authorizationUrl({ state, nonce, code_verifier }: OAuthChecks): Promise<URL> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await openidClient();
    return buildAuthorizationUrl(await this.discovered(), {
      redirect_uri: callbackUrl(this.settings, this.name).href,
      scope: SCOPE,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    });
  }

  override async identify(callback: URL, { state, nonce, code_verifier }: OAuthChecks): Promise<ProvenIdentity> {
    const { authorizationCodeGrant } = await openidClient();
    const tokens = await authorizationCodeGrant(await this.discovered(), callback, {
      pkceCodeVerifier: code_verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims: Partial<IDToken> = tokens.claims() ?? {};
    const { email, email_verified, name } = claims;
    return {
      email: typeof email === 'string' ? email : '',
      email_verified: email_verified === true,
      name: [name, email].find((one): one is string => typeof one === 'string' && one.trim() !== '') ?? '',
    };
  }

  /** The discovery document is read once; when that fails, the next sign-in tries again. */
  private discovered(): Promise<Configuration> {
    this.configuration ??= this.discover().catch((error: unknown) => {
      this.configuration = undefined;
      throw error;
    });
    return this.configuration;
  }

  private async discover(): Promise<Configuration> {
    const { discovery, customFetch, allowInsecureRequests } = await openidClient();
    const issuer = new URL(this.settings.get('OAUTH_GOOGLE_ISSUER'));
    return discovery(
      issuer,
      this.settings.get('OAUTH_GOOGLE_CLIENT_ID') ?? '',
      this.settings.get('OAUTH_GOOGLE_CLIENT_SECRET'),
      undefined,
      {
        [customFetch]: providerFetch(this.outgoing),
        timeout: PATIENCE_MS / 1000,
        // A provider on a developer's own machine; production reaches providers by TLS only.
        ...(issuer.protocol === 'http:' && !this.settings.isProduction ? { execute: [allowInsecureRequests] } : {}),
      },
    );
  }
}
