import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../agents/agent-run.service.js';
import type { Invocation } from '../agents/invocation.js';
import { ConversationAgent } from './conversation-agent.js';
import { ConversationMemory } from './conversation-memory.service.js';
import type { Message } from './message.js';
import { MessageFactory } from './message-factory.js';
import { type HeldTurn, SessionTurnService } from './session-turn.service.js';
import { SessionsRepository } from './sessions.repository.js';

export interface SayRequest {
  org_id: string;
  user_id: string;
  session_id: string;
  content: string;
  metadata?: Record<string, unknown> | undefined;
  session_state?: Record<string, unknown> | undefined;
  /** How long to wait for other messages of the session to be answered, in milliseconds. */
  wait_ms: number;
  /** Nobody listens to the run's events. */
  quiet?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Said {
  invocation: Invocation;
  user_message: Message;
  assistant_message: Message;
}

/**
 * A message and its answer. Six database calls: take the turn, read the agent, store the user's message, read the history,
 * store the invocation, store the answer and give the turn back. (One more when the agent's definition is not cached.)
 */
@Injectable()
export class ConversationService {
  constructor(
    private readonly turns: SessionTurnService,
    private readonly sessions: SessionsRepository,
    private readonly memory: ConversationMemory,
    private readonly agent: ConversationAgent,
    private readonly messages: MessageFactory,
  ) {}

  /**
   * If the agent fails, the user's message stays and the failure is thrown; there is never a made-up answer.
   * @throws SessionNotFoundError, SessionClosedError, SessionBusyError, AgentNotRunningError, AgentRunError
   */
  async *say(request: SayRequest): AsyncGenerator<RunEvent, Said> {
    const turn = await this.turns.take(request.org_id, request.session_id, request.wait_ms);
    let isGivenBack = false;
    try {
      const { agent, definition } = await this.agent.runnable(turn.session);
      const user_message = this.messages.next(turn.session, 'user', request.content, request.metadata);
      const [history, knowledge, session] = await Promise.all([
        this.memory.history(turn.session, definition.memory.max_messages),
        this.memory.documents(turn.session),
        this.sessions.append(turn.session, user_message, { run_id: turn.run_id, endsTurn: false }),
      ]);
      const invocation = yield* this.agent.runs.run({
        ...request,
        agent_id: agent.agent_id,
        agent_version: agent.version,
        runtime: agent.runtime,
        definition,
        input_text: request.content,
        history,
        knowledge,
      });
      const assistant_message = this.messages.next(
        session,
        'assistant',
        invocation.output_text ?? '',
        answerMetadata(invocation),
      );
      await this.sessions.append(session, assistant_message, { run_id: turn.run_id, endsTurn: true });
      isGivenBack = true;
      return { invocation, user_message, assistant_message };
    } finally {
      await turn.end(isGivenBack);
    }
  }

  /** Stores a message for the agent's eyes without asking it; it takes its turn like any other. */
  async note(request: Omit<SayRequest, 'session_state' | 'quiet' | 'signal'>): Promise<Message> {
    const turn: HeldTurn = await this.turns.take(request.org_id, request.session_id, request.wait_ms);
    let isGivenBack = false;
    try {
      const message = this.messages.next(turn.session, 'system', request.content, request.metadata);
      await this.sessions.append(turn.session, message, { run_id: turn.run_id, endsTurn: true });
      isGivenBack = true;
      return message;
    } finally {
      await turn.end(isGivenBack);
    }
  }
}

function answerMetadata({ invocation_id, duration_ms, model, usage }: Invocation): Record<string, unknown> {
  return { invocation_id, duration_ms, model, usage };
}
