import { Injectable } from '@nestjs/common';
import type { Configuration } from 'openid-client';
import { z } from 'zod';
import { Settings } from '../../platform/config/settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import {
  callbackUrl,
  LONGEST_BYTES,
  type OAuthChecks,
  OAuthProvider,
  openidClient,
  PATIENCE_MS,
  type ProvenIdentity,
  providerFetch,
} from './oauth-provider.js';

const SCOPE = 'read:user user:email';
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
      scope: SCOPE,
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
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return schema.parse(JSON.parse(answer.text()));
  }
}
