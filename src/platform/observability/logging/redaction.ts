import { types } from 'node:util';
import { pino } from 'pino';

const CENSOR = '[redacted]';
const DEEPEST = 8;

/** Names of fields whose values never reach a log, wherever they stand; compared in lower case without `-` and `_`. */
const SECRET =
  /^(authorization|proxyauthorization|cookies?|setcookie|credentials?|privatekey|signature)$|(password|passphrase|secret|token|apikey|secretkey|accesskeyid)$/;
/** What people and models said, as errors of the AI SDK and of runs carry it: bodies are never logged. */
const BODIES = new Set(['requestbodyvalues', 'requestbody', 'responsebody', 'body', 'prompt', 'messages', 'steps']);
/** Credentials inside a text: a bearer token, or user and password in an address. */
const SECRET_TEXT = /\b(bearer|basic)\s+[\w.~+/=-]{8,}|(:\/\/)[^\s/:@]+:[^\s/@]+@/gi;

/** A copy of what is to be logged, at any depth without secrets and bodies. Errors become plain objects with their causes. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(SECRET_TEXT, hidden);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((element) => redacted(element, depth + 1));
  const plain = types.isNativeError(value) ? pino.stdSerializers.errWithCause(value) : value;
  if (hasOwnForm(plain)) return redacted(plain.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(plain)
      .filter(([key]) => !BODIES.has(normalised(key)))
      .map(([key, inner]) => [key, isSecret(key, inner) ? CENSOR : redacted(inner, depth + 1)]),
  );
}

function hasOwnForm(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Counts such as `max_token: 5` are no secrets. */
function isSecret(key: string, value: unknown): boolean {
  return typeof value !== 'number' && typeof value !== 'boolean' && value !== null && SECRET.test(normalised(key));
}

function normalised(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, '');
}

function hidden(_match: string, scheme: string | undefined, address: string | undefined): string {
  return scheme === undefined ? `${address ?? ''}${CENSOR}@` : `${scheme} ${CENSOR}`;
}
