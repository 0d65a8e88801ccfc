import { DomainError, type DomainErrorOptions } from '../shared/domain-error.js';

/** The language model gave no usable answer. `transient` says whether the same request may succeed later. */
export class ModelError extends DomainError {
  override readonly code = 'INTERNAL_ERROR';
  readonly transient: boolean;

  constructor(message: string, options: DomainErrorOptions & { transient?: boolean } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
  }
}
