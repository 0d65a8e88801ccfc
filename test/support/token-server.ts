import { createHash } from 'node:crypto';
import { type ApiService, apiService, type SeenRequest } from './api-service.js';

export interface TokenServer extends ApiService {
  /** Grants of each type so far. */
  grants: string[];
  /** How long access tokens are valid, in seconds. */
  expires_in: number;
  /** Pause before each answer, in milliseconds. */
  pause_ms: number;
  /** The code challenge of the authorization that is under way. */
  challenge: string;
}

/** An authorization server: any client, one code `the-code`, refresh tokens that are good once. */
export async function tokenServer(): Promise<TokenServer> {
  let issued = 0;
  let refresh = '';
  const answer = async ({ body, headers }: SeenRequest) => {
    const form = new URLSearchParams(body);
    const grant = form.get('grant_type') ?? '';
    await new Promise((resolve) => setTimeout(resolve, server.pause_ms));
    server.grants.push(grant);
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRefused =
      (grant === 'authorization_code' && (form.get('code') !== 'the-code' || verifier !== server.challenge)) ||
      (grant === 'refresh_token' && form.get('refresh_token') !== refresh) ||
      Buffer.from(String(headers['authorization']).slice(6), 'base64').toString().startsWith('wrong:');
    if (isRefused) return { status: 400, body: { error: 'invalid_grant' } };
    refresh = `refresh-token-${++issued}-of-the-test`;
    const given = grant === 'client_credentials' ? {} : { refresh_token: refresh };
    return {
      headers: { 'cache-control': 'no-store' },
      body: {
        access_token: `access-token-${issued}-of-the-test`,
        token_type: 'bearer',
        expires_in: server.expires_in,
        ...given,
      },
    };
  };
  const server: TokenServer = Object.assign(await apiService(answer), {
    grants: [],
    expires_in: 3600,
    pause_ms: 0,
    challenge: '',
  });
  return server;
}
