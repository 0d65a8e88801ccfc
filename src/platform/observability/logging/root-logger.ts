import { types } from 'node:util';
import { pino, type DestinationStream, type Logger, type StreamEntry } from 'pino';
import { secretValues } from '../../../shared/secret-values.js';
import type { Settings } from '../../config/settings.js';
import type { RequestContext } from '../request-context.js';
import { RotatingFile } from './rotating-file.js';

const CENSOR = '[redacted]';
const DEEPEST = 8;

/** Names of fields whose values never reach a log, wherever they stand; compared in lower case without `-` and `_`. */
const SECRET =
  /^(authorization|proxyauthorization|cookies?|setcookie|credentials?|privatekey|signature)$|(password|passphrase|secret|token|apikey|secretkey|accesskeyid)$/;
/** Fields of AI SDK and run errors with what people and models wrote: bodies are never logged. */
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

const LEVELS: Readonly<Record<string, string>> = { warning: 'warn', critical: 'fatal' };

/** pino's name for a LOG_LEVEL. */
export function pinoLevel(settings: Settings): string {
  const level = settings.get('LOG_LEVEL');
  return LEVELS[level] ?? level;
}

/**
 * The logger under all others: JSON lines that carry the ids of the request they belong to, without secrets and bodies.
 * @param destination replaces standard output, for tests
 */
export async function createRootLogger(
  settings: Settings,
  context: RequestContext,
  destination: DestinationStream = standardOutput(),
): Promise<Logger> {
  const level = pinoLevel(settings);
  const streams = await streamsOf(settings, destination);
  const [only] = streams;
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => ({ ...context.current() }),
      formatters: {
        level: (label) => ({ level: label }),
        log: (line) => redacted(line) as Record<string, unknown>,
      },
      // Errors are plain by then; pino's own serialiser would look for an Error again.
      serializers: { err: (error: unknown) => error },
      hooks: { logMethod: withoutSecrets },
    },
    // One stream is written to directly; pino's fan-out costs a little with every line.
    streams.length === 1 && only ? only.stream : pino.multistream(streams),
  );
}

/** Lines are written together: at the latest after this many milliseconds, or at this size. */
const WRITTEN_WITHIN_MS = 100;
const WRITTEN_AT_CHARACTERS = 16_000;

/**
 * Standard output. A terminal gets each line at once; elsewhere lines are written together, because a write for each costs a tenth of a
 * small request.
 */
function standardOutput(): DestinationStream {
  const output = pino.destination(1);
  return process.stdout.isTTY ? output : writtenTogether((lines) => output.write(lines));
}

/**
 * A stream that holds lines and writes them together. What is held is written when the process exits, also after an uncaught error, and
 * at once with a fatal line; only SIGKILL loses the last 100 ms.
 * @param append writes synchronously.
 */
function writtenTogether(append: (lines: string) => void): DestinationStream {
  let held = '';
  let timer: NodeJS.Timeout | undefined;
  const flushSync = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (held !== '') append(held);
    held = '';
  };
  process.once('exit', flushSync);
  const write = (line: string): void => {
    held += line;
    if (held.length >= WRITTEN_AT_CHARACTERS) flushSync();
    else timer ??= setTimeout(flushSync, WRITTEN_WITHIN_MS).unref();
  };
  return Object.assign({ write }, { flushSync });
}

/** The text of a line is no field, so the formatter does not see it. Without a text pino takes the error's own message. */
function withoutSecrets(this: Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  const [line] = args as unknown[];
  const error: unknown = line instanceof Error ? line : (line as { err?: unknown } | null)?.err;
  const hasText = args.length > 1 || (typeof line === 'object' && line !== null && 'msg' in line);
  const whole = !hasText && error instanceof Error ? [line, error.message] : (args as unknown[]);
  method.apply(this, whole.map((arg) => (typeof arg === 'string' ? redacted(arg) : arg)) as typeof args);
}

async function streamsOf(settings: Settings, destination: DestinationStream): Promise<StreamEntry[]> {
  // Which lines are written is the logger's decision; the streams take all that it lets through.
  const level = 'trace';
  const streams: StreamEntry[] = [{ level, stream: await terminal(settings, destination) }];
  const file = settings.get('LOG_FILE');
  if (file !== undefined) {
    const log = new RotatingFile(settings, file);
    streams.push({ level, stream: writtenTogether((lines) => log.append(lines)) });
  }
  return streams;
}

async function terminal(settings: Settings, destination: DestinationStream): Promise<DestinationStream> {
  const byDefault = settings.get('ENVIRONMENT') === 'development' && process.stdout.isTTY ? 'pretty' : 'json';
  if ((settings.get('LOG_FORMAT') ?? byDefault) === 'json') return destination;
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ singleLine: true, colorize: process.stdout.isTTY });
  return {
    write: (line) => {
      destination.write(pretty(line));
    },
  };
}
