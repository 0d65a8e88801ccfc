import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** An unguessable secret: 256 bits, safe in headers and URLs. The prefix names its kind. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** How a secret of {@link newSecret} is stored: it has so much entropy that a plain hash cannot be turned back. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
