import { DatabaseUnavailableError } from '../shared/domain-error.js';

/** The process cannot serve requests now; details name the failing checks. Answered 503 with `Retry-After`. */
export class NotReadyError extends DatabaseUnavailableError {
  constructor(checks: Record<string, unknown>) {
    super('The platform is not ready', {
      details: { checks },
      suggestion: 'Wait until the failing check recovers; it is looked at again with each request.',
    });
  }
}
