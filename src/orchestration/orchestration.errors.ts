import { ConflictError, NotFoundError } from '../shared/domain-error.js';

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

export class PartnershipNotFoundError extends NotFoundError {
  constructor(id: string) {
    super('Partnership', id);
  }
}

export class DeliverableNotFoundError extends NotFoundError {
  constructor(id: string, name: string, known: string[]) {
    super('Deliverable', name, { details: { partnership: id, deliverables: known } });
  }
}

export class PartnershipExistsError extends ConflictError {
  constructor(id: string) {
    super(`A partnership with the id ${id} already exists`, {
      details: { id },
      suggestion: 'Choose another id, or change the existing partnership with PUT.',
    });
  }
}

/** The partnership changed between the read and the write. */
export class PartnershipChangedError extends ConflictError {
  constructor(id: string) {
    super('The partnership was changed by another request', { details: { id } });
  }
}
