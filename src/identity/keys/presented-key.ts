import type { IncomingHttpHeaders } from 'node:http';

export const KEY_PREFIX = 'nxs_';
const BEARER_KEY = /^Bearer +(nxs_\S+)$/i;

/** The API key of a request, from `X-API-Key` or `Authorization: Bearer nxs_…`; undefined when it brings none. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  return BEARER_KEY.exec(headers.authorization ?? '')?.[1];
}
