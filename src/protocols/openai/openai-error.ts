import type { Response } from 'express';
import type { StreamEvent, StreamFailure } from '../../platform/http/event-stream.js';
import type { ErrorAnswer } from '../../platform/http/to-error-answer.js';
import { AgentRunError } from '../../runtimes/agent-runtime.js';
import { ValidationError } from '../../shared/domain-error.js';

export interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  409: 'conflict_error',
  429: 'rate_limit_error',
};

/** An error in OpenAI's form. A failed run is not to be repeated by the client: what its tools did stays done. */
export function openAiError(answer: ErrorAnswer, response: Response): { error: OpenAiError } {
  limitHeaders(response);
  if (answer.code === 'AGENT_INVOCATION_FAILED') response.setHeader('x-should-retry', 'false');
  return { error: openAiErrorBody(answer) };
}

/** `status` is absent for the error of a run that was streamed. */
export function openAiErrorBody(answer: {
  code: string;
  message: string;
  details?: Record<string, unknown>;
  suggestion?: string;
  status?: number;
}): OpenAiError {
  const { code, message, details = {}, suggestion, status = 500 } = answer;
  const isAgent = code === 'RESOURCE_NOT_FOUND' && details['type'] === 'Agent';
  const fields = Object.keys((details['fields'] as object | undefined) ?? {});
  const said = isAgent ? `The model "${String(details['id'])}" does not exist` : inOpenAiWords(message);
  const advice = suggestion === undefined || status >= 500 || isAgent ? '' : ` ${suggestion}`;
  return {
    message: `${said.replace(/\.$/, '')}.${advice}`,
    type: TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
    param: isAgent ? 'model' : (fields[0] ?? null),
    code: isAgent ? 'model_not_found' : code === 'UNAUTHENTICATED' ? 'invalid_api_key' : code.toLowerCase(),
  };
}

/** A run is a response here, and a session a conversation. */
const inOpenAiWords = (message: string): string =>
  message
    .replace(/^Invocation not found/, 'Response not found')
    .replace(/^Session not found/, 'Conversation not found');

/** The limits of the platform under the names that OpenAI's clients know. */
export function limitHeaders(response: Response): void {
  const [limit, remaining, reset] = ['Limit', 'Remaining', 'Reset'].map((name) =>
    response.getHeader(`X-RateLimit-${name}`),
  );
  if (limit === undefined) return;
  response.setHeader('x-ratelimit-limit-requests', String(limit));
  response.setHeader('x-ratelimit-remaining-requests', String(remaining));
  response.setHeader('x-ratelimit-reset-requests', `${String(reset)}s`);
}

/**
 * What an agent refused, under the names that the caller used.
 * @param names OpenAI's name of each field that the platform names otherwise
 */
export function inCallersWords(
  error: unknown,
  names: Readonly<Record<string, string>>,
  asked: readonly string[],
): unknown {
  if (error instanceof AgentRunError && error.details['fault'] === 'invalid_request') {
    const field = asked.find((name) => name in names) ?? 'messages';
    const { invocation_id } = error.details;
    const details = { fields: { [names[field] ?? field]: [error.message] }, invocation_id };
    return new ValidationError(error.message, { details, cause: error });
  }
  const fields =
    error instanceof ValidationError ? (error.details['fields'] as Record<string, string[]> | undefined) : undefined;
  if (!fields) return error;
  const renamed = Object.entries(fields).map(([field, reasons]) => [names[field] ?? field, reasons] as const);
  const [[param, reasons] = ['', []]] = renamed;
  return new ValidationError(`${param} ${reasons.join('; ')}`, {
    details: { fields: Object.fromEntries(renamed) },
    cause: error,
  });
}

/** The last event of a stream that fails, or whose caller lost the right to read it. */
export function refusedStream({ code, message, suggestion, status = 401 }: StreamFailure): StreamEvent {
  return { data: { error: openAiErrorBody({ code, message, status, ...(suggestion ? { suggestion } : {}) }) } };
}
