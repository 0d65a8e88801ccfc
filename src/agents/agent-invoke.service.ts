import { Injectable } from '@nestjs/common';
import { AgentRunService, type RunEvent } from './agent-run.service.js';
import { Conversations } from './conversations.port.js';
import type { Invocation } from './invocation.js';
import { RunnableAgentsService } from './runnable-agents.service.js';

export interface InvokeRequest {
  org_id: string;
  user_id: string;
  agent_id: string;
  input_text: string;
  session_id?: string | undefined;
  end_session?: boolean | undefined;
  session_state?: Record<string, unknown> | undefined;
  /** Nobody listens to the run's events. */
  quiet?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Asking an agent: once, or as the next turn of a conversation. */
@Injectable()
export class AgentInvokeService {
  constructor(
    private readonly runnable: RunnableAgentsService,
    private readonly runs: AgentRunService,
    private readonly conversations: Conversations,
  ) {}

  /**
   * Without a session the run is on its own and costs two database calls; the session id of its answer can be used in the
   * next call all the same: the conversation is then opened from the record of this run.
   * @throws AgentNotFoundError, AgentNotRunningError, AgentRunError
   */
  async *invoke(request: InvokeRequest): AsyncGenerator<RunEvent, Invocation> {
    const { session_id, end_session, ...turn } = request;
    const invocation = yield* session_id === undefined
      ? this.once(turn)
      : this.conversations.turn({ ...turn, session_id });
    if (end_session) await this.conversations.close(request.org_id, invocation.session_id);
    return invocation;
  }

  private async *once(request: Omit<InvokeRequest, 'session_id'>): AsyncGenerator<RunEvent, Invocation> {
    const { agent, definition } = await this.runnable.get(request.org_id, request.agent_id);
    return yield* this.runs.run({
      ...request,
      agent_version: agent.version,
      runtime: agent.runtime,
      definition,
      history: [],
    });
  }
}
