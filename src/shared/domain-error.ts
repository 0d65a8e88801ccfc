import { secretValues } from './secret-values.js';

/** Every error code that a client can meet. The HTTP status of each stands in one table, `platform/http/to-error-answer.ts`. */
export type ErrorCode =
  | 'VALIDATION_ERROR'
  | 'INVALID_STATE'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'RESOURCE_CONFLICT'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'IDEMPOTENCY_MISMATCH'
  | 'DOCUMENT_INVALID'
  | 'MODEL_REQUIRED'
  | 'CLIENT_UNAVAILABLE'
  | 'EXPORT_REFUSED'
  | 'RATE_LIMIT_EXCEEDED'
  | 'BUDGET_EXCEEDED'
  | 'STAGE_UPDATE_FAILED'
  | 'AGENT_INVOCATION_FAILED'
  | 'UPSTREAM_FAILED'
  | 'DATABASE_ERROR'
  | 'SERVICE_UNAVAILABLE'
  | 'BUILD_ERROR'
  | 'REQUIREMENT_NOT_PROVEN'
  | 'REQUIREMENT_UNCLEAR'
  | 'REQUIREMENT_REFUSED'
  | 'INTERNAL_ERROR';

export interface DomainErrorOptions {
  /** Safe to show to the caller: never internals, never another organization's data. */
  details?: Record<string, unknown>;
  /** What the caller can do about it; each code has a default. */
  suggestion?: string;
  cause?: unknown;
}

/**
 * Base of every expected failure. Services and repositories throw these, never HTTP exceptions. Secret values in message and
 * details are masked: both are answered, stored with runs and logged.
 */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly suggestion: string | undefined;

  constructor(message: string, options: DomainErrorOptions = {}) {
    super(secretValues.mask(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.details = secretValues.maskDeep(options.details ?? {});
    this.suggestion = options.suggestion;
  }
}

/** A value outside its bounds. `details.fields` names each field with what is wrong with it. */
export class ValidationError extends DomainError {
  override readonly code = 'VALIDATION_ERROR';

  /** The usual case: one field, one reason. */
  static field(field: string, reason: string): ValidationError {
    return new ValidationError(`${field} ${reason}`, { details: { fields: { [field]: [reason] } } });
  }
}

/** The record exists but its state does not allow the action; details name the state and what would be legal. */
export class InvalidStateError extends DomainError {
  override readonly code = 'INVALID_STATE';
}

/** The name of a type inside a sentence: `agent`, `API key`. */
export const inSentence = (type: string): string =>
  /^[A-Z][a-z]/.test(type) ? `${type.charAt(0).toLowerCase()}${type.slice(1)}` : type;

/** The record does not exist for this caller. Another organization's record answers the same. */
export class NotFoundError extends DomainError {
  override readonly code = 'RESOURCE_NOT_FOUND';

  constructor(type: string, id: string, options: DomainErrorOptions = {}) {
    super(`${type} not found`, {
      suggestion: `Check the id: no such ${inSentence(type)} is visible to your organization.`,
      ...options,
      details: { type, id, ...options.details },
    });
  }
}

/** Two writers met, or the name is taken. */
export class ConflictError extends DomainError {
  override readonly code = 'RESOURCE_CONFLICT';
}

/** A stage transition could not be stored. */
export class StageUpdateError extends DomainError {
  override readonly code = 'STAGE_UPDATE_FAILED';
}

/** The database answered with a fault that a retry may not mend. */
export class DatabaseError extends DomainError {
  override readonly code = 'DATABASE_ERROR' as const;
}

/** The database is throttling or unreachable: answered 503 with `Retry-After`, in seconds. */
export class DatabaseUnavailableError extends DatabaseError {
  readonly retry_after_seconds = 2;
}

/** A service that the platform needs cannot be reached. Nothing was accepted: answered 503 with `Retry-After`. */
export class ServiceUnavailableError extends DomainError {
  override readonly code = 'SERVICE_UNAVAILABLE';
  readonly retry_after_seconds = 5;
}

/** No known principal stands behind the request. */
export class UnauthenticatedError extends DomainError {
  override readonly code = 'UNAUTHENTICATED';
}

/** The principal lacks the role. */
export class PermissionDeniedError extends DomainError {
  override readonly code = 'PERMISSION_DENIED';
}

/** The body is over the limit of its route. */
export class PayloadTooLargeError extends DomainError {
  override readonly code = 'PAYLOAD_TOO_LARGE';

  /** @param size_bytes undefined when the sender did not say it: reading stopped at the limit */
  constructor(limit_bytes: number, size_bytes?: number) {
    const size = size_bytes === undefined ? '' : `, not ${size_bytes}`;
    super(`The body must be at most ${limit_bytes} bytes${size}`, {
      details: { limit_bytes, ...(size_bytes === undefined ? {} : { size_bytes }) },
    });
  }
}

/** The body is encoded in a way that the platform does not read. */
export class UnsupportedMediaTypeError extends DomainError {
  override readonly code = 'UNSUPPORTED_MEDIA_TYPE';

  constructor(header: string, found: string, supported: string[]) {
    super(`${header} must be ${supported.join(' or ')}`, {
      details: { header, found: found.slice(0, 100), supported },
    });
  }
}

/** The same idempotency key came with another body. */
export class IdempotencyMismatchError extends DomainError {
  override readonly code = 'IDEMPOTENCY_MISMATCH';
}

/** Too many attempts in too short a time: answered 429 with `Retry-After`. */
export class RateLimitedError extends DomainError {
  override readonly code = 'RATE_LIMIT_EXCEEDED';

  /** @param retry_after_seconds whole seconds until the next attempt has a chance */
  constructor(
    message: string,
    readonly retry_after_seconds: number,
    options: DomainErrorOptions = {},
  ) {
    super(message, { ...options, details: { retry_after_seconds, ...options.details } });
  }
}
