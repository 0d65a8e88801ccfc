import { ConflictError, InvalidStateError, NotFoundError } from '../shared/domain-error.js';

export class SessionNotFoundError extends NotFoundError {
  constructor(session_id: string) {
    super('Session', session_id);
  }
}

export class SessionClosedError extends InvalidStateError {
  constructor(session_id: string) {
    super('The session is closed', {
      details: { session_id, current_state: 'closed', required_state: 'active' },
      suggestion: 'Open a new session with POST /api/v1/agents/{agent_id}/sessions.',
    });
  }
}

export class SessionOfOtherAgentError extends ConflictError {
  constructor(session_id: string, agent_id: string) {
    super('The session belongs to another agent', {
      details: { session_id, agent_id },
      suggestion: 'Use the agent of the session, or open a new session.',
    });
  }
}

/** Messages were added after the point at which the caller wanted to continue. */
export class SessionContinuedError extends ConflictError {
  constructor(session_id: string) {
    super('The session was continued by another request', { details: { session_id } });
  }
}

/** Another message of the session is still being answered. */
export class SessionBusyError extends ConflictError {
  constructor(session_id: string, waited_ms: number) {
    super('Another message of this session is still being answered', {
      details: { session_id, waited_ms },
      suggestion:
        waited_ms === 0
          ? 'Retry in a moment, or send the message with on_busy=wait.'
          : 'Retry when the other message has been answered.',
    });
  }
}

/** The turn was lost: the session was deleted, or the lease expired and another message took the turn. */
export class TurnLostError extends ConflictError {
  constructor(session_id: string) {
    super('The session was deleted or taken over while the message was being answered', { details: { session_id } });
  }
}
