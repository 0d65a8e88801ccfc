import { ConflictError, DomainError, NotFoundError } from '../shared/domain-error.js';
import type { DocumentFault } from './catalogue/operation.js';

/** The document cannot be used. `details.faults` lists each fault with its JSON pointer and line, at most 100. */
export class DocumentInvalidError extends DomainError {
  override readonly code = 'DOCUMENT_INVALID';

  constructor(faults: DocumentFault[], total: number) {
    const { pointer, message } = faults[0] ?? { pointer: '', message: 'cannot be read' };
    const where = pointer && ` at ${pointer}`;
    // Faults of the whole document are predicates, except those that a parser words itself.
    const subject = !where && /^[a-z]/.test(message) ? 'it ' : '';
    const more = total > 1 ? ` (and ${total - 1} more ${total === 2 ? 'fault' : 'faults'})` : '';
    super(`The document is not usable${where}: ${subject}${message.replace(/\.$/, '')}${more}`, {
      details: { faults, fault_count: total },
    });
  }
}

export class IntegrationNotFoundError extends NotFoundError {
  constructor(integration_id: string) {
    super('Integration', integration_id);
  }
}

export class OperationNotFoundError extends NotFoundError {
  constructor(operation_id: string) {
    super('Operation', operation_id, {
      suggestion: 'List the operations of the integration, and use the operation_id or the name of one.',
    });
  }
}

/** Another request changed the integration first. */
export class IntegrationChangedError extends ConflictError {
  constructor(integration_id: string) {
    super('The integration was changed by another request', { details: { integration_id } });
  }
}

/** The API that was called gave no answer. Nothing is known about whether it did what was asked. */
export class UpstreamFailedError extends DomainError {
  override readonly code = 'UPSTREAM_FAILED';

  constructor(
    readonly reason: string,
    message: string,
    cause: unknown,
  ) {
    super(message, { details: { reason }, cause });
  }
}

/** No client can be generated. `details.reason` says why; `details.install` names the command when the generator is missing. */
export class ClientUnavailableError extends DomainError {
  override readonly code = 'CLIENT_UNAVAILABLE';

  constructor(
    readonly reason: 'generator_missing' | 'no_operations' | 'time' | 'failed',
    message: string,
    details: Record<string, unknown>,
  ) {
    const { install } = details;
    super(message, {
      details: { reason, ...details },
      ...(typeof install === 'string'
        ? { suggestion: `Ask the operator of this platform to install it: ${install}.` }
        : {}),
    });
  }
}
