import { Injectable } from '@nestjs/common';
import type { Configuration } from 'openid-client';
import { openidClient, providerFetch } from '../../identity/oauth/oauth-providers.js';
import { Settings } from '../../platform/config/settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import type { Fields, OAuthTokens } from './stored-credential.js';

type OAuthFields = Fields<'oauth2_client_credentials'> | Fields<'oauth2_authorization_code'>;

export interface GrantedTokens extends OAuthTokens {
  /** Undefined when the server does not say. */
  expires_in_seconds: number | undefined;
}

interface TokenAnswer {
  access_token: string;
  refresh_token?: string | undefined;
  expires_in?: number | undefined;
}

/** Asks authorization servers for tokens (RFC 6749, RFC 7636), through the guard for outgoing calls. */
@Injectable()
export class OAuthGrants {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly settings: Settings,
  ) {}

  /** Where authorization servers send browsers back to: never made of what a request says of its host. */
  get callback(): URL {
    const base = this.settings.get('NEXUS_PUBLIC_URL') ?? `http://127.0.0.1:${this.settings.get('API_PORT')}`;
    return new URL(`${base.replace(/\/$/, '')}/api/v1/credentials/callback`);
  }

  async clientCredentials(fields: Fields<'oauth2_client_credentials'>): Promise<GrantedTokens> {
    const { clientCredentialsGrant } = await openidClient();
    const { scopes, audience } = fields;
    const wanted = {
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      ...(audience === undefined ? {} : { audience }),
    };
    return granted(await clientCredentialsGrant(await this.configuration(fields), wanted));
  }

  async authorizationUrl(
    fields: Fields<'oauth2_authorization_code'>,
    state: string,
    code_verifier: string,
  ): Promise<URL> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await openidClient();
    return buildAuthorizationUrl(await this.configuration(fields), {
      redirect_uri: this.callback.href,
      ...(fields.scopes.length > 0 ? { scope: fields.scopes.join(' ') } : {}),
      state,
      code_challenge: await calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    });
  }

  /** @param query what the server added to the callback's address */
  async exchange(
    fields: Fields<'oauth2_authorization_code'>,
    query: URLSearchParams,
    checks: { state: string; code_verifier: string },
  ): Promise<GrantedTokens> {
    const { authorizationCodeGrant } = await openidClient();
    const url = this.callback;
    url.search = query.toString();
    const { state: expectedState, code_verifier: pkceCodeVerifier } = checks;
    return granted(
      await authorizationCodeGrant(await this.configuration(fields), url, { expectedState, pkceCodeVerifier }),
    );
  }

  /** A server that gives no new refresh token goes on taking the former one. */
  async refresh(fields: Fields<'oauth2_authorization_code'>, refresh_token: string): Promise<GrantedTokens> {
    const { refreshTokenGrant } = await openidClient();
    const tokens = granted(await refreshTokenGrant(await this.configuration(fields), refresh_token));
    return { ...tokens, refresh_token: tokens.refresh_token ?? refresh_token };
  }

  private async configuration(fields: OAuthFields): Promise<Configuration> {
    const client = await openidClient();
    const { token_url, client_id, client_secret, client_auth } = fields;
    const method = client_auth === 'post' ? client.ClientSecretPost : client.ClientSecretBasic;
    const configuration = new client.Configuration(
      {
        issuer: new URL(token_url).origin,
        token_endpoint: token_url,
        ...('authorization_url' in fields ? { authorization_endpoint: fields.authorization_url } : {}),
      },
      client_id,
      {},
      client_secret === undefined ? client.None() : method(client_secret),
    );
    configuration[client.customFetch] = providerFetch(this.outgoing);
    // A server on a developer's own machine; production reaches servers by TLS only.
    if (!this.settings.isProduction) client.allowInsecureRequests(configuration);
    return configuration;
  }
}

const granted = ({ access_token, refresh_token, expires_in }: TokenAnswer): GrantedTokens => ({
  access_token,
  refresh_token: refresh_token ?? null,
  expires_in_seconds: expires_in,
});
