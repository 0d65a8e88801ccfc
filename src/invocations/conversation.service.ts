import { Injectable } from '@nestjs/common';
import { deploymentOf } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import type { Message, Session } from '../sessions/session.js';
import { SessionMemory } from '../sessions/session-memory.service.js';
import { SessionTurns } from '../sessions/session-turns.service.js';
import { SessionClosedError } from '../sessions/sessions.errors.js';
import type { ConversationSource, StoredConversation } from '../sessions/sessions.service.js';
import { AgentRunService, type RunBeginning, type RunEvent } from './agent-run.service.js';
import { beginningOf, type Invocation } from './invocation.js';
import { InvocationsRepository } from './invocations.repository.js';
import type { LiveRun } from './live-runs.service.js';

export interface SayRequest {
  org_id: string;
  user_id: string;
  session_id: string;
  content: string;
  metadata?: Record<string, unknown> | undefined;
  session_state?: Record<string, unknown> | undefined;
  /** How long to wait for other messages of the session to be answered, in milliseconds. */
  wait_ms: number;
  /** The events of the run are not read. */
  quiet?: boolean | undefined;
  live?: LiveRun | undefined;
  signal?: AbortSignal | undefined;
}

export interface Said {
  invocation: Invocation;
  user_message: Message;
  assistant_message: Message;
}

/**
 * Runs agents in sessions. A message and its answer cost six database calls: take the turn, read the agent, store the user's
 * message, read the history, store the invocation, store the answer and give the turn back. One more when the agent's
 * definition is not cached.
 */
@Injectable()
export class ConversationService implements ConversationSource {
  constructor(
    private readonly turns: SessionTurns,
    private readonly memory: SessionMemory,
    private readonly agents: AgentsService,
    private readonly runs: AgentRunService,
    private readonly invocations: InvocationsRepository,
  ) {}

  /**
   * Stores a message, runs the agent with the conversation so far, and stores its answer. If the agent fails, the user's
   * message stays and the failure is thrown.
   * @throws SessionNotFoundError, SessionClosedError, SessionBusyError, AgentNotRunningError, AgentRunError
   */
  async *say(request: SayRequest): AsyncGenerator<RunEvent, Said> {
    const turn = await this.turns.take(request.org_id, request.session_id, request.wait_ms);
    try {
      const { agent, definition } = await this.agents.getRunnable(turn.session.org_id, turn.session.agent_id);
      const before = turn.session;
      const [history, knowledge, user_message] = await Promise.all([
        this.memory.history(before, definition.memory.max_messages),
        this.memory.documents(before),
        turn.append({ role: 'user', content: request.content, metadata: request.metadata }),
      ]);
      const invocation = yield* this.runs.run({
        ...request,
        agent_id: agent.agent_id,
        agent_version: agent.version,
        runtime: agent.runtime,
        deployment: deploymentOf(agent),
        definition,
        input_text: request.content,
        history,
        knowledge,
      });
      const assistant_message = await turn.append(answerOf(invocation), { endsTurn: true });
      return { invocation, user_message, assistant_message };
    } finally {
      await turn.end();
    }
  }

  /** What the record of an answer in the background begins with. @throws SessionClosedError, AgentNotRunningError */
  async beginning(session: Session, { user_id, content }: SayRequest): Promise<Omit<RunBeginning, 'live'>> {
    const { org_id, session_id, agent_id } = session;
    if (session.status === 'closed') throw new SessionClosedError(session_id);
    const { agent, definition } = await this.agents.getRunnable(org_id, agent_id);
    return { org_id, user_id, agent_id, agent_version: agent.version, definition, session_id, input_text: content };
  }

  /** The conversation of an ended run without a session, whose record names this session id. */
  async findConversation(org_id: string, session_id: string): Promise<StoredConversation | undefined> {
    const run = await this.invocations.findById(org_id, beginningOf(session_id));
    if (run?.session_id !== session_id || run.status === 'running' || run.session_deleted) return undefined;
    const { user_id, agent_id, created_at, status, input_text } = run;
    const question = { role: 'user', content: input_text } as const;
    const messages = status === 'success' ? [question, answerOf(run)] : [question];
    return { org_id, user_id, agent_id, created_at, messages };
  }

  /** The session was deleted, so no session is opened from the record again. */
  async forgetConversation(session_id: string): Promise<void> {
    await this.invocations.forgetSession(beginningOf(session_id), session_id);
  }
}

function answerOf({ invocation_id, output_text, duration_ms, model, usage }: Invocation) {
  const metadata = { invocation_id, duration_ms, model, usage };
  return { role: 'assistant', content: output_text ?? '', metadata } as const;
}
