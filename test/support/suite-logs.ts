import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Names of fields, headers and settings whose values are secrets, compared without `-` and `_`. */
const SECRET_NAME = /password|secret|token|apikey|authorization|credential|^current$|^new$/i;
/** What stands beside a secret without being one. */
const PLAIN_NAME = /^(type|name|username|header)$/;
const noted = new Set<string>();

/** Where the run keeps what the platforms under test log, and which secrets they met; undefined if nobody searches them. */
const directory = (): string | undefined => process.env['NEXUS_TEST_LOGS'];

/** As little as a test needs, or all there is to be said when the run looks for secrets in it. */
export const suiteLogLevel = (): string => (directory() === undefined ? 'silent' : 'TRACE');

/** A new file for the log of one platform. */
export function suiteLogFile(name: string): string | undefined {
  const kept = directory();
  return kept === undefined ? undefined : join(kept, `${name}-${randomBytes(6).toString('hex')}.log`);
}

/** Starts a child process whose output is the log of one platform, or nothing. */
export function withSuiteLog<T>(name: string, start: (output: number | 'ignore', file?: string) => T): T {
  const file = suiteLogFile(name);
  if (file === undefined) return start('ignore');
  const output = openSync(file, 'a');
  try {
    return start(output, file);
  } finally {
    closeSync(output);
  }
}

/** Remembers the secrets among settings, headers, and bodies that were sent or answered, at any depth. @returns what was given */
export function noteSecrets<T>(value: T, isCredential = false): T {
  if (directory() === undefined || typeof value !== 'object' || value === null) return value;
  for (const [name, inner] of Object.entries(value)) {
    const isSecret = !PLAIN_NAME.test(name) && (isCredential || isSecretName(name));
    if (isSecret && typeof inner === 'string') note(inner.replace(/^(Bearer|Basic) /, ''));
    noteSecrets(inner, name === 'credential');
  }
  return value;
}

/** `API_KEY` is a setting's; `last_key` is no secret. */
function isSecretName(name: string): boolean {
  return /_KEYS?$/.test(name) || SECRET_NAME.test(name.replaceAll(/[-_]/g, ''));
}

function note(secret: string): void {
  const kept = directory();
  if (kept === undefined || noted.has(secret)) return;
  noted.add(secret);
  appendFileSync(join(kept, `${process.pid}.secrets`), `${JSON.stringify(secret)}\n`);
}
