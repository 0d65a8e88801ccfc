import { Injectable } from '@nestjs/common';
import { deploymentOf } from '../agents/agent.js';
import { AgentsService } from '../agents/agents.service.js';
import { type AgentDefinition, withinCost } from '../runtimes/agent-definition.js';
import { assertAnswered, type CallOptions, type ConversationMessage } from '../runtimes/caller-request.js';
import type { Message, NewMessage, Session } from '../sessions/session.js';
import { SessionMemory } from '../sessions/session-memory.service.js';
import { SessionTurns, TURN_WAIT_MS } from '../sessions/session-turns.service.js';
import { SessionClosedError, SessionContinuedError } from '../sessions/sessions.errors.js';
import type { ConversationSource, StoredConversation } from '../sessions/sessions.service.js';
import { AgentRunService, type AskedRun, type RunBeginning, type RunEvent } from './agent-run.service.js';
import {
  answerMessage,
  beginningOf,
  type Chosen,
  conversationOf,
  type Invocation,
  isOver,
  isSessionId,
  type KeptRequest,
  sessionBegunBy,
  type Suspended,
} from './invocation.js';
import { InvocationsRepository } from './invocations.repository.js';
import type { LiveRun } from './live-runs.service.js';

/** Messages before the results of calls that an agent sees at least. */
const CALLS_REMEMBERED = 20;

export interface SayRequest {
  org_id: string;
  user_id: string;
  session_id: string;
  content: string;
  metadata?: Record<string, unknown> | undefined;
  session_state?: Record<string, unknown> | undefined;
  /** The new messages where they are more than `content`, at most 90. */
  turn?: ConversationMessage[] | undefined;
  options?: CallOptions | undefined;
  kept_request?: KeptRequest | undefined;
  forgotten?: boolean | undefined;
  /** How many messages the session must have when its turn comes. */
  after?: number | undefined;
  /** How long to wait for other messages of the session to be answered, in milliseconds. */
  wait_ms: number;
  /** The events of the run are not read. */
  quiet?: boolean | undefined;
  /** Another version or model than the agent's own, for this turn. */
  chosen?: Chosen | undefined;
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
 * message, read what is new in the history, store the invocation, store the answer and give the turn back. One more when the agent's
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
   * @throws SessionNotFoundError, SessionClosedError, SessionBusyError, AgentNotRunningError, AgentRunError; ValidationError when the
   * agent cannot honour `turn` or `options`, SessionContinuedError
   */
  async *say(request: SayRequest): AsyncGenerator<RunEvent, Said> {
    const turn = await this.turns.take(request.org_id, request.session_id, request.wait_ms);
    try {
      const before = turn.session;
      const { session_id } = before;
      const choice = { ...request.chosen, session_id };
      const runnable = await this.agents.getRunnable(before.org_id, before.agent_id, choice);
      const { agent, definition, rollout_id } = runnable;
      if (request.after !== undefined && before.message_count !== request.after)
        throw new SessionContinuedError(request.session_id);
      const { kept_request, forgotten, ...asked } = request;
      const added = request.turn ?? [{ role: 'user' as const, content: request.content }];
      const { agent_id, runtime } = agent;
      if (asked.turn ?? asked.options) await this.assertTakes(before, { ...asked, agent_id, runtime, definition });
      const [history, knowledge, messages] = await Promise.all([
        this.memory.history(before, memoryOf(definition, added)),
        this.memory.documents(before),
        turn.appendAll(added.map((message) => ({ ...message, metadata: request.metadata }))),
      ]);
      const user_message = messages.at(-1) as Message;
      const invocation = yield* this.runs.run({
        ...asked,
        ...(kept_request ? { kept_request } : {}),
        ...(forgotten ? { forgotten } : {}),
        session_position: before.message_count + added.length + 1,
        agent_id,
        project_id: agent.project_id,
        agent_version: agent.version,
        rollout_id,
        runtime,
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

  /**
   * Continues a run whose calls were decided, with the agent as it is now, or the version and model that were chosen; in its session, where it has one.
   * @throws AgentNotFoundError, AgentNotRunningError, SessionNotFoundError, SessionClosedError, SessionBusyError, AgentRunError
   */
  async *resume(run: Invocation, suspended: Suspended, live: LiveRun): AsyncGenerator<RunEvent, Invocation> {
    const { org_id, agent_id, session_id, invocation_id } = run;
    const choice = { ...run.chosen, session_id };
    const { agent, definition: present, rollout_id } = await this.agents.getRunnable(org_id, agent_id, choice);
    const { options, session_state, held, max_cost_usd } = suspended;
    const definition = max_cost_usd === undefined ? present : withinCost(present, max_cost_usd);
    const request = {
      ...run,
      ...{ agent_version: agent.version, rollout_id },
      ...{ runtime: agent.runtime, deployment: deploymentOf(agent), definition, history: [], live },
      ...{ options, session_state, resumed: { held, approvals: run.approvals ?? [] } },
    };
    if (session_id === sessionBegunBy(invocation_id)) return yield* this.runs.run(request);
    const turn = await this.turns.take(org_id, session_id, TURN_WAIT_MS);
    try {
      run.session_position = turn.session.message_count + 1;
      const knowledge = await this.memory.documents(turn.session);
      const invocation = yield* this.runs.run({ ...request, knowledge });
      await turn.append(answerOf(invocation), { endsTurn: true });
      return invocation;
    } finally {
      await turn.end();
    }
  }

  /** Refuses what cannot be run before anything of it is stored. */
  private async assertTakes(session: Session, asked: AskedRun): Promise<void> {
    const last = (await this.memory.history(session, 1)).filter(({ calls }) => calls);
    assertAnswered([...last, ...(asked.turn ?? [{ role: 'user', content: '' }])]);
    await this.runs.assertTakes(asked);
  }

  /** What the record of an answer in the background begins with. @throws SessionClosedError, AgentNotRunningError */
  async beginning(session: Session, { user_id, content }: SayRequest): Promise<Omit<RunBeginning, 'live'>> {
    const { org_id, session_id, agent_id } = session;
    if (session.status === 'closed') throw new SessionClosedError(session_id);
    const { agent, definition, rollout_id } = await this.agents.getRunnable(org_id, agent_id, { session_id });
    const run = { org_id, user_id, agent_id, agent_version: agent.version, rollout_id, definition };
    return { ...run, session_id, input_text: content };
  }

  /** The conversation of an ended run without a session, whose record names this session id. */
  async findConversation(org_id: string, session_id: string): Promise<StoredConversation | undefined> {
    // Foreign text is not cut: half of a surrogate pair is no key.
    if (!isSessionId(session_id)) return undefined;
    const run = await this.invocations.findById(org_id, beginningOf(session_id));
    if (run?.session_id !== session_id || !isOver(run) || run.session_deleted) return undefined;
    const { user_id, agent_id, created_at, status } = run;
    const messages = conversationOf(run);
    const said = status === 'success' ? [...messages.slice(0, -1), answerOf(run)] : messages;
    return { org_id, user_id, agent_id, created_at, messages: said };
  }

  /** The session was deleted, so no session is opened from the record again. */
  async forgetConversation(session_id: string): Promise<void> {
    await this.invocations.forgetSession(beginningOf(session_id), session_id);
  }
}

function answerOf(invocation: Invocation): NewMessage {
  const { invocation_id, duration_ms, model, usage } = invocation;
  return { ...answerMessage(invocation), metadata: { invocation_id, duration_ms, model, usage } };
}

/** Results of calls need the question before them, however little the agent remembers. */
function memoryOf({ memory }: AgentDefinition, turn: readonly ConversationMessage[]): number {
  return turn.some(({ role }) => role === 'tool')
    ? Math.max(memory.max_messages, CALLS_REMEMBERED)
    : memory.max_messages;
}
