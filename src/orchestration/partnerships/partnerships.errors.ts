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
    super(`A partnership with the id ${id} exists already`, {
      details: { id },
      suggestion: 'Choose another id, or change the one that is there by PUT.',
    });
  }
}

/** Someone else changed the partnership between the read and the write. */
export class PartnershipChangedError extends ConflictError {
  constructor(id: string) {
    super('The partnership was changed by someone else at the same moment', { details: { id } });
  }
}
