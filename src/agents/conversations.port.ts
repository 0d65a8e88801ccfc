import type { Invocation } from './invocation.js';
import type { RunEvent, RunRequest } from './agent-run.service.js';

export interface ConversationTurn extends Pick<
  RunRequest,
  'org_id' | 'user_id' | 'agent_id' | 'input_text' | 'session_state' | 'quiet' | 'signal'
> {
  session_id: string;
}

/**
 * Conversations of an agent, as far as agents need them. Declared here and implemented in `sessions/`, which stands on the
 * floor above.
 */
export abstract class Conversations {
  /**
   * The next turn of a session: one at a time, with what was said before, its messages stored.
   * @throws NotFoundError when the agent has no such session, InvalidStateError when it is closed.
   */
  abstract turn(request: ConversationTurn): AsyncGenerator<RunEvent, Invocation>;
  /** Ends a session, also one that a run began and nobody has used yet; one that does not exist is no error. */
  abstract close(org_id: string, session_id: string): Promise<void>;
}

/** What conversations have stored under an agent. A port of its own: deleting needs no agent that runs. */
export abstract class ConversationRecords {
  abstract deleteByAgent(org_id: string, agent_id: string): Promise<{ sessions: number; messages: number }>;
}
