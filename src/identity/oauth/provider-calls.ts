import type { CustomFetch } from 'openid-client';
import type { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';

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
