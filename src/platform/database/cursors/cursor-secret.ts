import { persistedKey } from '../../secrets/persisted-key.js';

const KEY_FILE = 'cursor.key';

/** The key that signs cursors where no secret is configured: random, kept in the data directory. */
export function cursorSecret(directory: string): Buffer {
  return persistedKey(directory, KEY_FILE, 'open cursors');
}
