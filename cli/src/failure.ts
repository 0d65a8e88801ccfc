import { CommanderError } from 'commander';
import {
  AuthenticationError,
  ConnectionError,
  InvalidRequestError,
  NexusError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
} from '../../sdks/typescript/src/index.js';

/** What a process of `nexus` ends with. Documented in docs/cli.md. */
export const EXIT = { ok: 0, failed: 1, usage: 2, denied: 3, missing: 4, unavailable: 5, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure with its exit code and, where there is one, the next step. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
    readonly suggestion = '',
    /** Printed below the message, one line each. */
    readonly lines: readonly string[] = [],
    readonly code: string = 'CLI_ERROR',
  ) {
    super(message);
  }
}

/** The work was done and did not succeed: a build or a run that failed. */
export const failed = (message: string, suggestion = ''): CliError => new CliError(message, EXIT.failed, suggestion);
/** The command or its input is wrong. */
export const misused = (message: string, suggestion = '', lines: readonly string[] = []): CliError =>
  new CliError(message, EXIT.usage, suggestion, lines);

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  // The request is right, and the record is in another state.
  if (error instanceof InvalidRequestError) return error.code === 'INVALID_STATE' ? EXIT.failed : EXIT.usage;
  if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) return EXIT.denied;
  if (error instanceof NotFoundError) return EXIT.missing;
  if (error instanceof ServerError || error instanceof ConnectionError || error instanceof RateLimitError)
    return EXIT.unavailable;
  return error instanceof NexusError && error.status < 400 && error.status >= 300 ? EXIT.unavailable : EXIT.failed;
}

/** An error as `--json` prints it, with the fields of the API's errors. */
export interface FailureRecord {
  code: string;
  message: string;
  details: Record<string, unknown>;
  suggestion: string;
  trace_id: string;
  exit_code: ExitCode;
}

export function recordOf(error: unknown): FailureRecord {
  const exit_code = exitCodeOf(error);
  if (error instanceof ConnectionError) {
    const suggestion = 'Check the URL, and that the platform is running: nexus doctor';
    return { ...{ code: error.code, message: rootMessage(error), details: {}, suggestion }, trace_id: '', exit_code };
  }
  if (error instanceof NexusError) {
    const { code, message, details, trace_id } = error;
    const suggestion = error instanceof AuthenticationError ? signInAgain(error) : error.suggestion;
    return { code, message, details, suggestion, trace_id, exit_code };
  }
  const message = error instanceof Error ? error.message : String(error);
  const { suggestion = '', lines = [], code = 'CLI_ERROR' } = error instanceof CliError ? error : {};
  const details = lines.length > 0 ? { lines } : {};
  return { code, message, details, suggestion, trace_id: '', exit_code };
}

/** An error as people read it: the message, the fields that are wrong, what to do, and the trace id. */
export function textOf(error: unknown): string {
  const { message, details, suggestion, trace_id } = recordOf(error);
  const fields = (details['fields'] ?? {}) as Record<string, string[]>;
  const lines = error instanceof CliError ? error.lines : Object.values(fields).flat();
  return [
    message,
    ...lines.filter((line) => !message.endsWith(line)).map((line) => `  ${line}`),
    ...(suggestion === '' ? [] : [suggestion]),
    ...(trace_id === '' ? [] : [`Trace id ${trace_id}`]),
  ].join('\n');
}

/** What the platform suggests when nothing more specific is known: how programs sign in, which is not how `nexus` does. */
const DEFAULT_SIGN_IN = /^Sign in and send the access token/;

const signInAgain = ({ suggestion }: NexusError): string =>
  suggestion === '' || DEFAULT_SIGN_IN.test(suggestion) ? 'Sign in: nexus login' : `${suggestion} Sign in: nexus login`;

/** `fetch failed` says nothing; its cause names the address and the reason. */
function rootMessage(error: Error): string {
  let found: unknown = error;
  while (found instanceof Error && found.cause instanceof Error) found = found.cause;
  const reason =
    found instanceof AggregateError ? String((found.errors[0] as Error).message) : (found as Error).message;
  return found === error ? reason : `The server did not respond: ${reason}`;
}
