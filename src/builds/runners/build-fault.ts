import { DomainError, type DomainErrorOptions } from '../../shared/domain-error.js';

/** A step of a build cannot go on. `transient` says whether the same step may succeed when it is tried again. */
export class BuildFault extends DomainError {
  override readonly code = 'BUILD_ERROR' as const;
  readonly transient: boolean;

  constructor(message: string, options: DomainErrorOptions & { transient?: boolean } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
  }
}
