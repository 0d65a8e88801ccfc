import { ConflictError, InvalidStateError, NotFoundError } from '../shared/domain-error.js';
import type { AgentStatus } from './agent.js';
import type { InvocationStatus } from './invocation.js';

export class AgentNotFoundError extends NotFoundError {
  constructor(agent_id: string) {
    super('Agent', agent_id);
  }
}

export class AgentVersionNotFoundError extends NotFoundError {
  constructor(agent_id: string, version: string) {
    super('Agent version', version, { details: { agent_id } });
  }
}

export class InvocationNotFoundError extends NotFoundError {
  constructor(invocation_id: string) {
    super('Invocation', invocation_id);
  }
}

export class AgentNotRunningError extends InvalidStateError {
  constructor(agent_id: string, status: AgentStatus) {
    super(`The agent is ${status} and cannot be invoked`, {
      details: { agent_id, current_state: status, required_state: 'running' },
      suggestion:
        'Set its status to running by PUT /api/v1/agents/{agent_id}/status, or wait until its build has ended.',
    });
  }
}

/** Someone else changed the agent between our read and our write. */
export class AgentChangedError extends ConflictError {
  constructor(agent_id: string) {
    super('The agent was changed by someone else at the same moment', { details: { agent_id } });
  }
}

/** The run showed no life for so long that it was ended as interrupted. */
export class RunEndedElsewhereError extends ConflictError {
  constructor(invocation_id: string) {
    super('The run was ended as interrupted before it could store its answer', { details: { invocation_id } });
  }
}

/** Only a run that goes on can be stopped, and only one that is streamed or in the background can be from outside. */
export class InvocationNotCancellableError extends InvalidStateError {
  constructor(invocation_id: string, current_state: InvocationStatus | 'answered to its caller') {
    const isPlain = current_state === 'answered to its caller';
    super(isPlain ? 'The run is being answered to its caller' : `The run has ended already: ${current_state}`, {
      details: { invocation_id, current_state: isPlain ? 'running' : current_state, required_state: 'running' },
      suggestion: isPlain
        ? 'Close the request that started it. Streamed and background runs can be cancelled from anywhere.'
        : 'Nothing is left to cancel; read the invocation for its outcome.',
    });
  }
}
