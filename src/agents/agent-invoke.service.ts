import { Injectable } from '@nestjs/common';
import { deploymentOf } from './agent.js';
import { AgentRunService, type RunBeginning, type RunEvent } from './agent-run.service.js';
import { Conversations } from './conversations.port.js';
import type { Invocation } from './invocation.js';
import { RunnableAgentsService } from './runnable-agents.service.js';
import type { LiveRun } from './runs/live-run.js';

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
  live?: LiveRun | undefined;
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

  /** What the record of a run in the background begins with. @throws as {@link invoke}, but for the run's own failure. */
  async beginning(request: InvokeRequest): Promise<Omit<RunBeginning, 'live'>> {
    const { org_id, user_id, agent_id, session_id, input_text } = request;
    const { agent, definition } = await this.runnable.get(org_id, agent_id);
    if (session_id !== undefined) await this.conversations.assertOpen(org_id, agent_id, session_id);
    const session = session_id === undefined ? {} : { session_id };
    return { org_id, user_id, agent_id, agent_version: agent.version, definition, input_text, ...session };
  }

  private async *once(request: Omit<InvokeRequest, 'session_id'>): AsyncGenerator<RunEvent, Invocation> {
    const { agent, definition } = await this.runnable.get(request.org_id, request.agent_id);
    return yield* this.runs.run({
      ...request,
      agent_version: agent.version,
      runtime: agent.runtime,
      deployment: deploymentOf(agent),
      definition,
      history: [],
    });
  }
}
