import { ConflictError, NotFoundError } from '../../shared/domain-error.js';

export class DecisionNotFoundError extends NotFoundError {
  constructor(decision_id: string) {
    super('Decision', decision_id);
  }
}

/** An outcome is final, so that the calibration cannot be improved afterwards. */
export class OutcomeRecordedError extends ConflictError {
  constructor(decision_id: string) {
    super('The outcome of this decision is already recorded', {
      details: { decision_id },
      suggestion: 'Read the decision to see its outcome. An outcome cannot be changed.',
    });
  }
}
