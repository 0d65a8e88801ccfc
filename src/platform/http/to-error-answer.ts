import { HttpException } from '@nestjs/common';
import { DatabaseUnavailableError, DomainError, type ErrorCode, RateLimitedError } from '../../shared/domain-error.js';
import { ERROR_STATUS } from './error-status.js';

export interface ErrorAnswer {
  status: number;
  code: ErrorCode;
  message: string;
  details: Record<string, unknown>;
  suggestion: string;
  headers: Record<string, string>;
}

const DATABASE_UNAVAILABLE = 503;

/** A fault of an upstream, as the contract maps it: 504 for a time-out, 502 where the upstream's own answer is the fault. */
const STATUS_BY_REASON: Readonly<Record<string, number>> = { timeout: 504, runtime: 502 };
/** What was wrong with the language model; its key, its id and the request are our own affair: 500. */
const STATUS_BY_FAULT: Readonly<Record<string, number>> = {
  timeout: 504,
  outage: 502,
  rate_limit: 502,
  refusal: 502,
  malformed: 502,
};

/** Every failure becomes one of the platform's codes; what is not known says nothing of its inside. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof DomainError) return fromDomainError(error);
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error);
  if (isBodyParserError(error)) return fromBodyParser(error);
  return answer('INTERNAL_ERROR', 'Something went wrong on our side');
}

function answer(code: ErrorCode, message: string, extra: Partial<ErrorAnswer> = {}): ErrorAnswer {
  return { code, message, details: {}, headers: {}, ...ERROR_STATUS[code], ...extra };
}

function fromDomainError(error: DomainError): ErrorAnswer {
  const { details } = error;
  const base = answer(error.code, error.message, {
    details,
    ...(error.suggestion ? { suggestion: error.suggestion } : {}),
  });
  if (error instanceof DatabaseUnavailableError)
    return { ...base, status: DATABASE_UNAVAILABLE, headers: { 'Retry-After': String(error.retry_after_seconds) } };
  if (error instanceof RateLimitedError)
    return { ...base, headers: { 'Retry-After': String(error.retry_after_seconds) } };
  if (error.code === 'AGENT_INVOCATION_FAILED' && 'reason' in error)
    return { ...base, status: upstreamStatus(String(error.reason), details) ?? base.status, headers: restOf(details) };
  return base;
}

function upstreamStatus(reason: string, details: Record<string, unknown>): number | undefined {
  const fault = details['fault'];
  return typeof fault === 'string' ? STATUS_BY_FAULT[fault] : STATUS_BY_REASON[reason];
}

/** How long the upstream wants to be left alone. */
function restOf({ retry_after_seconds }: Record<string, unknown>): Record<string, string> {
  return typeof retry_after_seconds === 'number' ? { 'Retry-After': String(retry_after_seconds) } : {};
}

function fromStatus(status: number, error: HttpException): ErrorAnswer {
  switch (status) {
    case 400:
      return answer('VALIDATION_ERROR', error.message);
    case 401:
      return answer('UNAUTHENTICATED', 'Sign-in is needed');
    case 403:
      return answer('PERMISSION_DENIED', error.message);
    case 404:
      return answer('RESOURCE_NOT_FOUND', 'No such route', { details: { reason: error.message } });
    case 405:
      return answer('METHOD_NOT_ALLOWED', error.message);
    case 409:
      return answer('RESOURCE_CONFLICT', error.message);
    case 413:
      return answer('PAYLOAD_TOO_LARGE', 'The body or one of its files is too large');
    case 429:
      return answer('RATE_LIMIT_EXCEEDED', error.message);
    default:
      return answer('INTERNAL_ERROR', 'Something went wrong on our side', status >= 500 ? { status } : {});
  }
}

interface BodyParserError extends Error {
  type: string;
  status: number;
  limit?: number;
}

function isBodyParserError(error: unknown): error is BodyParserError {
  return error instanceof Error && 'type' in error && 'status' in error && typeof error.status === 'number';
}

function fromBodyParser(error: BodyParserError): ErrorAnswer {
  if (error.type === 'entity.too.large')
    return answer('PAYLOAD_TOO_LARGE', 'The body is too large', { details: { limit_bytes: error.limit } });
  const isMalformedJson = error.type === 'entity.parse.failed';
  const message = isMalformedJson ? 'The body is not valid JSON' : 'The body could not be read';
  return answer('VALIDATION_ERROR', message, { details: { fields: { body: [message] } } });
}
