import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CURSOR_KEY_FILE = 'cursor.key';
const KEY_BYTES = 32;

/** The key that signs cursors where no secret is configured. */
export function cursorSecret(directory: string): Buffer {
  return keptSecret(directory, CURSOR_KEY_FILE);
}

/**
 * A key for where no secret is configured: random, kept in the data directory, readable by its owner only.
 * It is written aside and then linked into place, so two processes that start together end with the same whole key.
 */
export function keptSecret(directory: string, name: string): Buffer {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  const existing = readKey(file);
  if (existing) return existing;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(KEY_BYTES), { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const key = readKey(file);
  if (!key)
    throw new Error(
      `${file} does not hold ${KEY_BYTES} bytes. Remove it to get a new key; what it signed ends with it.`,
    );
  return key;
}

function readKey(file: string): Buffer | undefined {
  try {
    const key = readFileSync(file);
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
