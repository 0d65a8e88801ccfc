import { ConflictError, InvalidStateError, NotFoundError } from '../shared/domain-error.js';
import type { AgentStatus } from './agent.js';

export class AgentNotFoundError extends NotFoundError {
  constructor(agent_id: string) {
    super('Agent', agent_id);
  }
}

export class AgentVersionNotFoundError extends NotFoundError {
  constructor(agent_id: string, version: string) {
    super('Agent version', version, {
      details: { agent_id },
      suggestion: 'GET /api/v1/agents/{agent_id}/versions lists the versions of the agent.',
    });
  }
}

/** The agent has no rollout, or the last one has ended. */
export class RolloutNotFoundError extends NotFoundError {
  constructor(agent_id: string) {
    super('Rollout', agent_id, {
      suggestion: 'PUT /api/v1/agents/{agent_id}/rollout starts a rollout.',
    });
  }
}

/** The agent rolls out another version already. */
export class RolloutRunsError extends ConflictError {
  constructor(agent_id: string, version: string) {
    super(`A rollout of ${version} is already running`, {
      details: { agent_id, version },
      suggestion: 'Promote or stop the running rollout, then start another.',
    });
  }
}

export class AgentNotRunningError extends InvalidStateError {
  constructor(agent_id: string, status: AgentStatus) {
    super(`The agent is ${status} and cannot be invoked`, {
      details: { agent_id, current_state: status, required_state: 'running' },
      suggestion:
        'Set its status to running with PUT /api/v1/agents/{agent_id}/status, or wait until its build has ended.',
    });
  }
}

/** The project already has an agent of this name. */
export class AgentExistsError extends ConflictError {
  constructor(agent_id: string) {
    super('The project already has an agent of this name', {
      details: { agent_id },
      suggestion: 'Choose another agent_name, or change the agent with PUT /api/v1/agents/{agent_id}/definition.',
    });
  }
}

/** The revision that the caller has read is not the current one. */
export class AgentRevisionError extends ConflictError {
  constructor(agent_id: string, revision: number) {
    super('The agent has changed since you read it', {
      details: { agent_id, revision },
      suggestion: 'Read the definition again, apply your change to it, and send its current revision.',
    });
  }
}

/** Another request changed the agent between our read and our write. */
export class AgentChangedError extends ConflictError {
  constructor(agent_id: string) {
    super('The agent was changed by another request', { details: { agent_id } });
  }
}
