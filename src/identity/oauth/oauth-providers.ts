import type { CustomFetch, Configuration, IDToken } from 'openid-client';
import { Settings } from '../../platform/config/settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';

export type ProviderName = 'google' | 'github';

/** What is sent along to the provider and must come back, or be proven when the code is exchanged. */
export interface OAuthChecks {
  state: string;
  nonce: string;
  code_verifier: string;
}

/** Whom a provider says it has in front of it. */
export interface ProvenIdentity {
  email: string;
  /** The provider itself has proven that the address is this person's. */
  email_verified: boolean;
  name: string;
}

/** Sign-in through another provider: authorization code with PKCE. */
export abstract class OAuthProvider {
  abstract readonly name: ProviderName;

  /** What people call it. */
  abstract readonly label: string;

  /** Client id and secret are set. */
  abstract readonly isEnabled: boolean;

  /** Where the browser is sent to. @throws Error when the provider cannot be reached */
  abstract authorizationUrl(checks: OAuthChecks): Promise<URL>;

  /** Exchanges the code that the browser came back with. @throws Error when the provider does not confirm it */
  abstract identify(callback: URL, checks: OAuthChecks): Promise<ProvenIdentity>;
}

/** Where a provider sends browsers back to: never made of what a request says of its host. */
export function callbackUrl(settings: Settings, provider: ProviderName): URL {
  const base = settings.get('NEXUS_PUBLIC_URL') ?? `http://127.0.0.1:${settings.get('API_PORT')}`;
  return new URL(`${base.replace(/\/$/, '')}/api/v1/auth/${provider}/callback`);
}

const PATIENCE_MS = 5_000;
const LONGEST_BYTES = 1_000_000;

type OpenidClient = typeof import('openid-client');

/** Loaded when the first person signs in this way: who does not use it does not pay for it. */
export const openidClient = (): Promise<OpenidClient> => import('openid-client');

/** Calls of the library go through the guard for outgoing calls. */
export function providerFetch(outgoing: OutgoingHttp): CustomFetch {
  const guarded = outgoing.guardedFetch({ timeout_ms: PATIENCE_MS, max_bytes: LONGEST_BYTES });
  return (url, { body, signal, ...options }) =>
    guarded(url, { ...options, body: body ?? null, ...(signal ? { signal } : {}) });
}

const GOOGLE_SCOPE = 'openid email profile';

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
      scope: GOOGLE_SCOPE,
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

const GITHUB_SCOPE = 'read:user user:email';
const userSchema = z.object({ login: z.string(), name: z.string().nullish() });
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** OAuth 2.0 without identity tokens: the addresses are asked for, and only a verified primary one counts. */
@Injectable()
export class GithubProvider extends OAuthProvider {
  override readonly name = 'github';

  constructor(
    private readonly settings: Settings,
    private readonly outgoing: OutgoingHttp,
  ) {
    super();
  }

  override readonly label = 'GitHub';

  override get isEnabled(): boolean {
    return this.settings.get('OAUTH_GITHUB_CLIENT_ID') !== undefined;
  }

  override async authorizationUrl({ state, code_verifier }: OAuthChecks): Promise<URL> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await openidClient();
    return buildAuthorizationUrl(await this.configuration(), {
      redirect_uri: callbackUrl(this.settings, this.name).href,
      scope: GITHUB_SCOPE,
      state,
      code_challenge: await calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    });
  }

  override async identify(callback: URL, { state, code_verifier }: OAuthChecks): Promise<ProvenIdentity> {
    const { authorizationCodeGrant } = await openidClient();
    const { access_token } = await authorizationCodeGrant(await this.configuration(), callback, {
      pkceCodeVerifier: code_verifier,
      expectedState: state,
    });
    const [user, emails] = await Promise.all([
      this.read('/user', access_token, userSchema),
      this.read('/user/emails', access_token, emailsSchema),
    ]);
    const primary = emails.find((one) => one.primary) ?? { email: '', verified: false };
    return { email: primary.email, email_verified: primary.verified, name: user.name ?? user.login };
  }

  private async configuration(): Promise<Configuration> {
    const client = await openidClient();
    const token_endpoint = this.settings.get('OAUTH_GITHUB_TOKEN_URL');
    const configuration = new client.Configuration(
      {
        issuer: new URL(token_endpoint).origin,
        authorization_endpoint: this.settings.get('OAUTH_GITHUB_AUTHORIZATION_URL'),
        token_endpoint,
      },
      this.settings.get('OAUTH_GITHUB_CLIENT_ID') ?? '',
      this.settings.get('OAUTH_GITHUB_CLIENT_SECRET'),
    );
    configuration[client.customFetch] = providerFetch(this.outgoing);
    configuration.timeout = PATIENCE_MS / 1000;
    if (token_endpoint.startsWith('http:') && !this.settings.isProduction) client.allowInsecureRequests(configuration);
    return configuration;
  }

  private async read<T>(path: string, token: string, schema: z.ZodType<T>): Promise<T> {
    const answer = await this.outgoing.request({
      url: this.settings.get('OAUTH_GITHUB_API_URL').replace(/\/$/, '') + path,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'nexus',
      },
      timeout_ms: PATIENCE_MS,
      max_bytes: LONGEST_BYTES,
    });
    if (answer.status !== 200) throw new Error(`${path} returned ${answer.status}`);
    return schema.parse(JSON.parse(answer.text()));
  }
}
