import { ConflictError, InvalidStateError, NotFoundError } from '../shared/domain-error.js';
import { awaited, type Invocation, type InvocationStatus } from './invocation.js';

export class InvocationNotFoundError extends NotFoundError {
  constructor(invocation_id: string) {
    super('Invocation', invocation_id);
  }
}

/**
 * The run has not ended: calls of it wait for a person's approval. It continues by itself when they are decided. Callers that
 * can say so answer with the waiting run instead of this error.
 */
export class RunWaitingError extends ConflictError {
  constructor(readonly invocation: Invocation) {
    const { invocation_id } = invocation;
    const approvals = awaited(invocation).map(({ approval_id, tool, expires_at }) => ({
      approval_id,
      tool,
      expires_at,
    }));
    super('The run is waiting for approval', {
      details: { invocation_id, approvals },
      suggestion: `Approve or reject each call with POST /api/v1/invocations/${invocation_id}/approvals/{approval_id}/decision, then read the invocation.`,
    });
  }
}

/** An approval is decided once, before it expires. */
export class ApprovalNotPendingError extends InvalidStateError {
  constructor(approval_id: string, current_state: string) {
    super('The approval is not waiting for a decision', {
      details: { approval_id, current_state, required_state: 'pending' },
      suggestion: 'An approval is decided once, before it expires. Read the invocation to see the decision.',
    });
  }
}

/** The lease of the run expired, so it was ended as interrupted before its end could be stored. */
export class RunEndedElsewhereError extends ConflictError {
  constructor(invocation_id: string) {
    super('The run was ended as interrupted before it could store its answer', { details: { invocation_id } });
  }
}

/** Only a running run can be cancelled, and only if it is streamed or in the background. */
export class InvocationNotCancellableError extends InvalidStateError {
  constructor(invocation_id: string, current_state: InvocationStatus | 'answered to its caller') {
    const isPlain = current_state === 'answered to its caller';
    super(
      isPlain ? 'Only streamed and background runs can be cancelled' : `The run has already ended: ${current_state}`,
      {
        details: { invocation_id, current_state: isPlain ? 'running' : current_state, required_state: 'running' },
        suggestion: isPlain
          ? 'To cancel this run, close the request that started it.'
          : 'Nothing is left to cancel; read the invocation for its outcome.',
      },
    );
  }
}

/** A conversation can continue only after a run that has ended. */
export class InvocationNotEndedError extends InvalidStateError {
  constructor(invocation_id: string) {
    super('The run has not ended yet', {
      details: { invocation_id, current_state: 'running', required_state: 'ended' },
      suggestion: 'Wait until the run has ended, or cancel it.',
    });
  }
}
