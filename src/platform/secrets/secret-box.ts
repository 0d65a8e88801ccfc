import { createHash, randomBytes, createCipheriv, createDecipheriv } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { InvalidStateError } from '../../shared/domain-error.js';

const SECRET_BYTES = 32;

/** An unguessable secret: 256 bits, safe in headers and URLs. The prefix names its kind. */
export function newSecret(prefix: string): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** How a secret of {@link newSecret} is stored: it has so much entropy that a plain hash cannot be turned back. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

const KEY_BYTES = 32;

/**
 * A random key kept in the data directory, readable by its owner only. It is written aside and then linked into place, so two
 * processes that start together end with the same whole key.
 * @param lost what is lost with the key, for the message about a damaged file
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
    throw new Error(
      `${file} does not hold ${KEY_BYTES} bytes. Remove it to generate a new key; this invalidates ${lost}.`,
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

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const KEY_FILE = 'encryption.key';

/** What is stored in place of a secret. All values but the key's name are base64. */
export interface SealedSecret {
  /** The key that it was sealed with, so that keys can change. */
  key_id: string;
  iv: string;
  tag: string;
  data: string;
}

/**
 * Seals secrets with AES-256-GCM. The setting `NEXUS_ENCRYPTION_KEY` holds one or more keys: the first seals, all of them
 * open, so to rotate, put a new key before the old one. Without the setting, a random key is kept in the data directory;
 * production requires the setting as soon as there is something to seal.
 */
@Injectable()
export class SecretBox {
  private loaded: Map<string, Buffer> | undefined;

  constructor(private readonly settings: Settings) {}

  /** @param bound what the secret belongs to; it can be opened only for that. @throws InvalidStateError without a key */
  seal(secret: string, bound: string): SealedSecret {
    const [first] = this.keys();
    if (!first) throw new RangeError('at least one key');
    const [key_id, key] = first;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(bound));
    const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    const text = (bytes: Buffer): string => bytes.toString('base64');
    return { key_id, iv: text(iv), tag: text(cipher.getAuthTag()), data: text(data) };
  }

  /** @throws InvalidStateError when the key is gone, or the secret was changed or belongs to something else. */
  open({ key_id, iv, tag, data }: SealedSecret, bound: string): string {
    const key = this.keys().get(key_id);
    if (!key)
      throw new InvalidStateError(`The key "${key_id}" that a stored credential needs is not configured`, {
        suggestion: 'Add the key to NEXUS_ENCRYPTION_KEY again, or store the credential again.',
      });
    try {
      const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
      const decipher = createDecipheriv(CIPHER, key, bytes(iv)).setAAD(Buffer.from(bound)).setAuthTag(bytes(tag));
      return Buffer.concat([decipher.update(bytes(data)), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new InvalidStateError('A stored credential cannot be decrypted', {
        suggestion: 'Store the credential again.',
        cause: error,
      });
    }
  }

  private keys(): Map<string, Buffer> {
    this.loaded ??= new Map(this.configured().map((key) => [keyId(key), key]));
    return this.loaded;
  }

  private configured(): Buffer[] {
    const keys = this.settings.get('NEXUS_ENCRYPTION_KEY');
    if (keys) return keys;
    if (this.settings.isProduction)
      throw new InvalidStateError('Credentials cannot be stored: NEXUS_ENCRYPTION_KEY is not set', {
        suggestion: 'Set NEXUS_ENCRYPTION_KEY, e.g. from: openssl rand -base64 32',
      });
    return [persistedKey(this.settings.get('NEXUS_DATA_DIR'), KEY_FILE, 'stored credentials')];
  }
}

function keyId(key: Buffer): string {
  return createHash('sha256')
    .update(key)
    .digest('hex')
    .slice(0, KEY_BYTES / 4);
}
