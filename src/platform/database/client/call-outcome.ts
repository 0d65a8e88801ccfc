import {
  conditionFailed,
  failedConditions,
  isThrottled,
  isTransactionConflict,
  toDatabaseError,
} from './database-faults.js';
import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import type { CallOutcome } from './database-metrics.js';

/** How a failed call counts. */
export function outcomeOf(error: unknown): CallOutcome {
  if (conditionFailed(error) || failedConditions(error)) return 'refused';
  if (isTransactionConflict(error)) return 'conflict';
  if (isThrottled(error)) return 'throttled';
  return toDatabaseError(error) instanceof DatabaseUnavailableError ? 'unavailable' : 'error';
}
