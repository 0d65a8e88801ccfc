import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** A secret nobody can guess: 256 bits, safe in headers and addresses. The prefix tells what it is for. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** How a secret of {@link newSecret} is stored: it has so much entropy that a plain hash cannot be turned back. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
