import { createHmac, timingSafeEqual } from 'node:crypto';
import { ValidationError } from '../../../shared/domain-error.js';
import type { Key } from '../client/database-inputs.js';

const SIGNATURE_BYTES = 32;
const MALFORMED = 'is not a cursor of this list; use the last_key that the page before answered';

/**
 * Turns the key at which a page ended into the opaque `last_key` and back. A cursor is signed together with the list that it
 * belongs to, so that it can neither be forged to start in another organisation's records nor be carried to another list.
 */
export class CursorCodec {
  constructor(private readonly secret: string | Buffer) {}

  /** @param scope names the list and everything that narrows it, with the organisation's id. */
  encode(scope: string, key: Key): string {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([this.signature(scope, payload), payload]).toString('base64url');
  }

  /** @throws ValidationError naming `last_key`, for a cursor that is malformed, forged or of another list. */
  decode(scope: string, cursor: string): Key {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(SIGNATURE_BYTES);
    const signature = bytes.subarray(0, SIGNATURE_BYTES);
    // The second spelling of a cursor (padding, other alphabet, stray characters) is refused: one key, one cursor.
    const isCanonical = bytes.length > SIGNATURE_BYTES && bytes.toString('base64url') === cursor;
    if (!isCanonical || !timingSafeEqual(signature, this.signature(scope, payload)))
      throw ValidationError.field('last_key', MALFORMED);
    return JSON.parse(payload.toString()) as Key;
  }

  private signature(scope: string, payload: Buffer): Buffer {
    return createHmac('sha256', this.secret)
      .update('nexus cursor\0')
      .update(scope)
      .update('\0')
      .update(payload)
      .digest();
  }
}
