import { DomainError } from '../../shared/domain-error.js';

/** The platform will not call this address. `details.fields.url` says why; nothing was sent. */
export class OutgoingRefusedError extends DomainError {
  override readonly code = 'VALIDATION_ERROR';

  constructor(reason: string) {
    super(`url ${reason}`, {
      details: { fields: { url: [reason] } },
      suggestion: 'Use an http or https address that is reachable from the internet and allowed for this call.',
    });
  }
}

export type OutgoingFailure = 'timeout' | 'too_large' | 'unreachable' | 'redirects' | 'aborted';

/** The call was made but returned no usable response. The message does not contain the other side's text. */
export class OutgoingFailedError extends DomainError {
  override readonly code = 'INTERNAL_ERROR';

  constructor(
    readonly reason: OutgoingFailure,
    message: string,
    cause?: unknown,
  ) {
    super(message, { details: { reason }, cause });
  }
}
