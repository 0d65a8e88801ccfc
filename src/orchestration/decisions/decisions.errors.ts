import { ConflictError, NotFoundError } from '../../shared/domain-error.js';

export class DecisionNotFoundError extends NotFoundError {
  constructor(decision_id: string) {
    super('Decision', decision_id);
  }
}

/** What came of a decision is told once: a score that can be told again is none. */
export class OutcomeRecordedError extends ConflictError {
  constructor(decision_id: string) {
    super('The outcome of this decision has been recorded already', {
      details: { decision_id },
      suggestion: 'Read the decision: its outcome stands and cannot be changed.',
    });
  }
}
