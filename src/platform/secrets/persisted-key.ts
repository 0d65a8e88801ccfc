import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const KEY_BYTES = 32;

/**
 * A random key kept in the data directory, readable by its owner only. It is written aside and then linked into place, so two
 * processes that start together end with the same whole key.
 * @param lost what ends with the key, for the message about a damaged file.
 */
export function persistedKey(directory: string, name: string, lost: string): Buffer {
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
    throw new Error(`${file} does not hold ${KEY_BYTES} bytes. Remove it to get a new key; ${lost} end with it.`);
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
