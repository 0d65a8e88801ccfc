import { HttpException } from '@nestjs/common';
import {
  DatabaseUnavailableError,
  DomainError,
  type ErrorCode,
  RateLimitedError,
  ServiceUnavailableError,
} from '../../shared/domain-error.js';

/** Status and default advice of each code. A new code without a row does not compile. */
const ERROR_STATUS: Record<ErrorCode, { status: number; suggestion: string }> = {
  VALIDATION_ERROR: { status: 400, suggestion: 'Correct the fields listed in details and send the request again.' },
  INVALID_STATE: {
    status: 400,
    suggestion: 'Read the current state of the resource and choose an action that its state allows.',
  },
  UNAUTHENTICATED: { status: 401, suggestion: 'Sign in and send the access token as "Authorization: Bearer <token>".' },
  PERMISSION_DENIED: {
    status: 403,
    suggestion: 'Ask an administrator of your organization for the required role.',
  },
  RESOURCE_NOT_FOUND: { status: 404, suggestion: 'Check the id and the path; /docs lists every route.' },
  METHOD_NOT_ALLOWED: { status: 405, suggestion: 'Use one of the methods listed in the Allow header.' },
  RESOURCE_CONFLICT: { status: 409, suggestion: 'Read the resource again and retry with its current state.' },
  PAYLOAD_TOO_LARGE: { status: 413, suggestion: 'Send a smaller body or smaller files.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, suggestion: 'Send the body in one of the formats listed in details.' },
  IDEMPOTENCY_MISMATCH: { status: 422, suggestion: 'Use a new Idempotency-Key for a request with a different body.' },
  DOCUMENT_INVALID: { status: 422, suggestion: 'Correct the faults listed in details and send the document again.' },
  MODEL_REQUIRED: { status: 422, suggestion: 'Configure a language model: set MODEL_PROVIDER and its key.' },
  CLIENT_UNAVAILABLE: {
    status: 422,
    suggestion: 'See details.reason. Common causes: the generator is not installed, or it cannot process the document.',
  },
  EXPORT_REFUSED: { status: 422, suggestion: 'Apply the fix of each entry in details.reasons, then export again.' },
  RATE_LIMIT_EXCEEDED: { status: 429, suggestion: 'Retry after the time in Retry-After, and send fewer requests.' },
  BUDGET_EXCEEDED: { status: 402, suggestion: 'Wait until resets_at, or ask an administrator to raise the budget.' },
  STAGE_UPDATE_FAILED: { status: 500, suggestion: 'Retry. If the error persists, report the trace id.' },
  AGENT_INVOCATION_FAILED: { status: 500, suggestion: 'Read the invocation and its trace to see what failed.' },
  UPSTREAM_FAILED: {
    status: 502,
    suggestion: 'Check that the API is up, then retry if the operation is safe to repeat.',
  },
  DATABASE_ERROR: { status: 500, suggestion: 'Retry. If the error persists, report the trace id.' },
  SERVICE_UNAVAILABLE: { status: 503, suggestion: 'Retry after the time in Retry-After.' },
  REQUIREMENT_NOT_PROVEN: {
    status: 422,
    suggestion: 'Follow details.would_help, or create the project with accept_unproven: true.',
  },
  REQUIREMENT_UNCLEAR: { status: 422, suggestion: 'Create a project whose requirement answers the question.' },
  REQUIREMENT_REFUSED: { status: 422, suggestion: 'Create a project for a purpose that the policy allows.' },
  BUILD_ERROR: { status: 500, suggestion: 'Read the logs of the failed stage, then restart the build.' },
  INTERNAL_ERROR: { status: 500, suggestion: 'Report the trace id to the operator of this platform.' },
};

export interface ErrorAnswer {
  status: number;
  code: ErrorCode;
  message: string;
  details: Record<string, unknown>;
  suggestion: string;
  headers: Record<string, string>;
}

/** Messages of the multipart reader for forms that exceed the route's limits. */
const MULTIPART_BOUND = /^Too many (?:fields|parts)$/;
const LONGEST_MESSAGE = 200;
const DATABASE_UNAVAILABLE = 503;
/** For faults that only the message names: details list no fields. */
const READ_THE_MESSAGE = 'Correct the request as the message says and send it again.';
/** RFC 9110: a 401 names the scheme that would be accepted. */
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="nexus"' };

/** What was wrong with the language model. A wrong key, model id or request is the platform's own fault: 500. */
const STATUS_BY_FAULT: Readonly<Record<string, number>> = {
  timeout: 504,
  outage: 502,
  rate_limit: 502,
  refusal: 502,
  malformed: 502,
};
/** What was wrong with the agent's runtime: 504 for a time-out, 502 where its answer is the fault. */
const STATUS_BY_REASON: Readonly<Record<string, number>> = {
  timeout: 504,
  runtime: 502,
  unreachable: 502,
  malformed: 502,
};

/** Every failure becomes one of the platform's codes. An unknown one reveals nothing about its cause. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof DomainError) return fromDomainError(error);
  if (error instanceof HttpException && MULTIPART_BOUND.test(error.message))
    return answer('VALIDATION_ERROR', error.message, { details: { fields: { body: [error.message] } } });
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message);
  if (isHttpError(error)) return fromHttpError(error);
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
  if (error instanceof RateLimitedError || error instanceof ServiceUnavailableError)
    return { ...base, headers: { 'Retry-After': String(error.retry_after_seconds) } };
  if (error.code === 'UNAUTHENTICATED') return { ...base, headers: CHALLENGE };
  if (error.code === 'UPSTREAM_FAILED' && details['reason'] === 'timeout') return { ...base, status: 504 };
  if (error.code === 'AGENT_INVOCATION_FAILED' && 'reason' in error)
    return { ...base, status: upstreamStatus(String(error.reason), details) ?? base.status, headers: restOf(details) };
  return base;
}

function upstreamStatus(reason: string, details: Record<string, unknown>): number | undefined {
  const fault = details['fault'];
  return typeof fault === 'string' ? STATUS_BY_FAULT[fault] : STATUS_BY_REASON[reason];
}

/** The upstream's Retry-After. */
function restOf({ retry_after_seconds }: Record<string, unknown>): Record<string, string> {
  return typeof retry_after_seconds === 'number' ? { 'Retry-After': String(retry_after_seconds) } : {};
}

function fromStatus(status: number, message: string): ErrorAnswer {
  switch (status) {
    case 400:
      return answer('VALIDATION_ERROR', message, { suggestion: READ_THE_MESSAGE });
    case 401:
      return answer('UNAUTHENTICATED', 'Authentication is required', { headers: CHALLENGE });
    case 403:
      return answer('PERMISSION_DENIED', message);
    case 404:
      return answer('RESOURCE_NOT_FOUND', 'No such route', { details: { reason: message } });
    case 405:
      return answer('METHOD_NOT_ALLOWED', message);
    case 409:
      return answer('RESOURCE_CONFLICT', message);
    case 413:
      return answer('PAYLOAD_TOO_LARGE', 'The body or one of its files is too large');
    case 429:
      return answer('RATE_LIMIT_EXCEEDED', message);
    case 415:
      return answer('UNSUPPORTED_MEDIA_TYPE', message, {
        suggestion: 'Send the body in a content type and encoding that the route accepts; /docs lists them.',
      });
    default:
      if (isClientFault(status)) return answer('VALIDATION_ERROR', message, { status, suggestion: READ_THE_MESSAGE });
      return answer('INTERNAL_ERROR', 'Something went wrong on our side', status >= 500 ? { status } : {});
  }
}

interface HttpError extends Error {
  status: number;
  type?: string;
}

/** The error of a library below Nest, such as the body parser or the server of static files. */
function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && isClientFault(error.status);
}

function isClientFault(status: number): boolean {
  return status >= 400 && status < 500;
}

/** The body parser's messages name the fault and contain only what the caller sent. */
function fromHttpError(error: HttpError): ErrorAnswer {
  const base = fromStatus(error.status, error.message.slice(0, LONGEST_MESSAGE));
  if (base.code !== 'VALIDATION_ERROR') return base;
  if (error instanceof URIError) return { ...base, suggestion: 'Check the path: it cannot be decoded.' };
  if (error.type === undefined) return base;
  const { suggestion } = ERROR_STATUS.VALIDATION_ERROR;
  return { ...base, details: { fields: { body: [base.message] } }, suggestion };
}
