import { DatabaseError, DatabaseUnavailableError, DomainError } from '../../../shared/domain-error.js';

/** Throttled, overloaded or not reachable: the same request may succeed a little later. */
const UNAVAILABLE = new Set([
  'AbortError',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceeded',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'ThrottlingError',
  'ThrottlingException',
  'TimeoutError',
]);
/** Those that mean that DynamoDB throttles. */
const THROTTLED = /^(ProvisionedThroughputExceeded(Exception)?|ThrottlingE(rror|xception)|RequestLimitExceeded)$/;
const CONDITION_FAILED = 'ConditionalCheckFailed';
const CONFLICT = 'TransactionConflict';
const SERVER_FAULT = 500;

interface Fault {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  CancellationReasons?: { Code?: string }[];
}

function asFault(error: unknown): Fault {
  return typeof error === 'object' && error !== null ? error : {};
}

/** An error of another realm (as in a sandbox) reaches us wrapped by the SDK, with its code in the message only. */
const WRAPPED = /^AWS SDK error wrapper for .*?\b(E[A-Z_]{4,})\b/;

function codeOf(error: unknown): string | undefined {
  const { code, message } = asFault(error);
  return code ?? WRAPPED.exec(message ?? '')?.[1];
}

function reasonsOf(error: unknown): string[] | undefined {
  const { name, CancellationReasons } = asFault(error);
  return name === 'TransactionCanceledException'
    ? (CancellationReasons ?? []).map((reason) => reason.Code ?? 'None')
    : undefined;
}

/** The condition of a single write did not hold. */
export function conditionFailed(error: unknown): boolean {
  return asFault(error).name === 'ConditionalCheckFailedException';
}

/**
 * For a transaction that was cancelled because a condition did not hold: per item, in the order given, whether it was this
 * item's condition. Undefined for every other error, including a transaction cancelled only by a conflict.
 */
export function failedConditions(error: unknown): boolean[] | undefined {
  const failed = reasonsOf(error)?.map((reason) => reason === CONDITION_FAILED);
  return failed?.some(Boolean) ? failed : undefined;
}

/** Another transaction held one of the items: nothing was written, and the same write may be tried again. */
export function isTransactionConflict(error: unknown): boolean {
  const { name } = asFault(error);
  if (name === 'TransactionConflictException' || name === 'TransactionInProgressException') return true;
  return failedConditions(error) === undefined && (reasonsOf(error)?.includes(CONFLICT) ?? false);
}

/** The connection was refused: nothing was sent, so the call can be repeated safely. */
export function isRefusedConnection(error: unknown): boolean {
  return codeOf(error) === 'ECONNREFUSED';
}

/** Throttled, as a whole or in one of a transaction's items. */
export function isThrottled(error: unknown): boolean {
  return [asFault(error).name, ...(reasonsOf(error) ?? [])].some((word) => word !== undefined && THROTTLED.test(word));
}

function isUnavailable(error: unknown): boolean {
  const { name, $metadata } = asFault(error);
  if ([name, codeOf(error)].some((word) => word !== undefined && UNAVAILABLE.has(word))) return true;
  if (($metadata?.httpStatusCode ?? 0) >= SERVER_FAULT) return true;
  return reasonsOf(error)?.some((reason) => UNAVAILABLE.has(reason)) ?? false;
}

/**
 * Failed conditions and conflicts pass through, because only the repository knows what they mean. The rest becomes a domain
 * error whose message says nothing of the database's inside; the cause keeps it for the log.
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  if (conditionFailed(error) || failedConditions(error) || isTransactionConflict(error)) return error;
  if (isUnavailable(error))
    return new DatabaseUnavailableError('The database is currently unavailable', {
      suggestion: 'Retry the same request after the time in Retry-After.',
      cause: error,
    });
  return new DatabaseError('The database operation failed', { cause: error });
}
