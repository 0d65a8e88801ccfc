import { ConflictError, NotFoundError } from '../../shared/domain-error.js';

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
