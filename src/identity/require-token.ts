import { PermissionDeniedError } from '../shared/domain-error.js';
import type { Principal } from './principal.js';

/** What people do with their own accounts is not for keys. @returns the access token's `jti`. @throws PermissionDeniedError */
export function requireToken({ via, token_id }: Principal): string {
  if (via !== 'token' || token_id === undefined)
    throw new PermissionDeniedError('An API key cannot do this', { suggestion: 'Sign in and send the access token.' });
  return token_id;
}
