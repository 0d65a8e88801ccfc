import { ConflictError, DomainError, InvalidStateError, NotFoundError } from '../shared/domain-error.js';
import type { Fault } from './definition/definition-check.js';

export class FlowNotFoundError extends NotFoundError {
  constructor(flow_id: string) {
    super('Flow', flow_id);
  }
}

export class FlowVersionNotFoundError extends NotFoundError {
  constructor(flow_id: string, version: number) {
    super('Flow version', String(version), { details: { flow_id } });
  }
}

/** The caller's revision is not the current one. */
export class FlowChangedError extends ConflictError {
  constructor(flow_id: string, revision?: number) {
    super('The flow has changed since you read it', {
      details: { flow_id, ...(revision === undefined ? {} : { revision }) },
      suggestion: 'Read the flow again, apply your change to it, and send its current revision.',
    });
  }
}

/** The definition breaks rules that a published flow must keep. `details.faults` lists all of them. */
export class FlowNotPublishableError extends DomainError {
  override readonly code = 'DOCUMENT_INVALID';

  constructor(flow_id: string, faults: Fault[]) {
    super(`The flow cannot be published: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`, {
      details: { flow_id, faults },
      suggestion: 'Correct every fault in details.faults. Each gives its path and a suggestion.',
    });
  }
}

export class FlowNotPublishedError extends InvalidStateError {
  constructor(flow_id: string, status: string) {
    super(status === 'archived' ? 'The flow is archived' : 'The flow has no published version', {
      details: { flow_id, current_state: status, required_state: 'published' },
      suggestion: 'Publish it with POST /api/v1/flows/{flow_id}/publish.',
    });
  }
}

export class FlowRunNotFoundError extends NotFoundError {
  constructor(run_id: string) {
    super('Flow run', run_id);
  }
}

export class FlowRunStateError extends InvalidStateError {
  constructor(run_id: string, message: string, current_state: string, legal: readonly string[]) {
    super(message, {
      details: { run_id, current_state, legal_actions: legal },
      suggestion: legal.length === 0 ? 'Start another run.' : `Allowed in this state: ${legal.join(', ')}.`,
    });
  }
}
