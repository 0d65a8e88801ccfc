import { DatabaseError, DatabaseUnavailableError, ValidationError } from '../../../shared/domain-error.js';
import {
  conditionFailed,
  failedConditions,
  isRefusedConnection,
  isTransactionConflict,
  toDatabaseError,
} from './database-faults.js';

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more });
const cancelled = (...codes: string[]) =>
  named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

describe('failed conditions', () => {
  it('are known for a single write', () => {
    expect(conditionFailed(named('ConditionalCheckFailedException'))).toBe(true);
    expect(conditionFailed(named('ValidationException'))).toBe(false);
    expect(conditionFailed(undefined)).toBe(false);
  });

  it('are told per item of a transaction', () => {
    expect(failedConditions(cancelled('None', 'ConditionalCheckFailed'))).toEqual([false, true]);
    expect(failedConditions(cancelled('None', 'TransactionConflict'))).toBeUndefined();
    expect(failedConditions(named('ConditionalCheckFailedException'))).toBeUndefined();
  });

  it('outweigh a conflict, because a retry cannot help them', () => {
    expect(isTransactionConflict(cancelled('TransactionConflict', 'ConditionalCheckFailed'))).toBe(false);
  });
});

it.each([
  cancelled('TransactionConflict', 'None'),
  named('TransactionConflictException'),
  named('TransactionInProgressException'),
])('a conflict is retryable: %s', (error) => {
  expect(isTransactionConflict(error)).toBe(true);
  expect(toDatabaseError(error)).toBe(error);
});

it.each([
  named('ThrottlingException'),
  named('ProvisionedThroughputExceededException'),
  named('RequestLimitExceeded'),
  named('InternalServerError', { $metadata: { httpStatusCode: 500 } }),
  named('ServiceUnavailable'),
  named('SomethingNew', { $metadata: { httpStatusCode: 503 } }),
  named('TimeoutError'),
  named('AbortError'),
  named('Error', { code: 'ECONNREFUSED' }),
  new Error('AWS SDK error wrapper for Error: connect ECONNRESET 127.0.0.1:9'),
  cancelled('None', 'ThrottlingError'),
])('a database that may come back is unavailable: %s', (error) => {
  expect(toDatabaseError(error)).toBeInstanceOf(DatabaseUnavailableError);
});

it.each([
  named('ValidationException'),
  named('ResourceNotFoundException'),
  cancelled('ValidationError'),
  new TypeError('x'),
  'text',
])('another fault is a database error with its cause: %s', (error) => {
  const translated = toDatabaseError(error);
  expect(translated).toBeInstanceOf(DatabaseError);
  expect(translated).not.toBeInstanceOf(DatabaseUnavailableError);
  expect((translated as Error).cause).toBe(error);
});

it('domain errors stay as they are', () => {
  const error = ValidationError.field('last_key', 'is wrong');
  expect(toDatabaseError(error)).toBe(error);
});

it('only a refused connection is known to have sent nothing', () => {
  expect(isRefusedConnection(named('Error', { code: 'ECONNREFUSED' }))).toBe(true);
  expect(isRefusedConnection(named('Error', { code: 'ECONNRESET' }))).toBe(false);
});
