import type { CustomFetch } from 'openid-client';
import type { Settings } from '../../platform/config/settings.js';
import type { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';

export const PROVIDERS = ['google', 'github'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

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

export const PATIENCE_MS = 5_000;
export const LONGEST_BYTES = 1_000_000;

export type OpenidClient = typeof import('openid-client');

/** Loaded when the first person signs in this way: who does not use it does not pay for it. */
export const openidClient = (): Promise<OpenidClient> => import('openid-client');

/** Calls of the library go through the guard for outgoing calls. */
export function providerFetch(outgoing: OutgoingHttp): CustomFetch {
  const guarded = outgoing.guardedFetch({ timeout_ms: PATIENCE_MS, max_bytes: LONGEST_BYTES });
  return (url, { body, signal, ...options }) =>
    guarded(url, { ...options, body: body ?? null, ...(signal ? { signal } : {}) });
}
