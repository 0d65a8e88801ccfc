import { types } from 'node:util';
import { pino } from 'pino';
import { secretValues } from '../../../shared/secret-values.js';

const CENSOR = '[redacted]';
const DEEPEST = 8;

/** Names of fields whose values never reach a log, wherever they stand; compared in lower case without `-` and `_`. */
const SECRET =
  /^(authorization|proxyauthorization|cookies?|setcookie|credentials?|privatekey|signature)$|(password|passphrase|secret|token|apikey|secretkey|accesskeyid)$/;
/** What people and models said, as errors of the AI SDK and of runs carry it: bodies are never logged. */
const BODIES = new Set(['requestbodyvalues', 'requestbody', 'responsebody', 'body', 'prompt', 'messages', 'steps']);
/** Credentials inside a text: a bearer token, or user and password in an address. */
const SECRET_TEXT = /\b(bearer|basic)\s+[\w.~+/=-]{8,}|(:\/\/)[^\s/:@]+:[^\s/@]+@/gi;

type Verdict = 'plain' | 'secret' | 'body';
const VERDICTS = new Map<string, Verdict>();
const VERDICTS_KEPT = 1_000;

/** A copy of what is to be logged, at any depth without secrets and bodies. Errors become plain objects with their causes. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return secretValues.mask(value.replace(SECRET_TEXT, hidden));
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((element) => redacted(element, depth + 1));
  const plain = types.isNativeError(value) ? pino.stdSerializers.errWithCause(value) : value;
  if (hasOwnForm(plain)) return redacted(plain.toJSON(), depth + 1);
  const clean: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(plain)) {
    const verdict = verdictOf(key);
    if (verdict === 'body') continue;
    clean[key] = verdict === 'secret' && isText(inner) ? CENSOR : redacted(inner, depth + 1);
  }
  return clean;
}

function hasOwnForm(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Counts such as `max_token: 5` are no secrets. */
function isText(value: unknown): boolean {
  return typeof value !== 'number' && typeof value !== 'boolean' && value !== null;
}

/** Lines have the same few keys again and again; how many are remembered is bounded. */
function verdictOf(key: string): Verdict {
  const known = VERDICTS.get(key);
  if (known) return known;
  const normalised = key.toLowerCase().replaceAll(/[-_]/g, '');
  const verdict = BODIES.has(normalised) ? 'body' : SECRET.test(normalised) ? 'secret' : 'plain';
  if (VERDICTS.size < VERDICTS_KEPT) VERDICTS.set(key, verdict);
  return verdict;
}

function hidden(_match: string, scheme: string | undefined, address: string | undefined): string {
  return scheme === undefined ? `${address ?? ''}${CENSOR}@` : `${scheme} ${CENSOR}`;
}
