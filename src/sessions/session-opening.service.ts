import { Injectable } from '@nestjs/common';
import type { Invocation } from '../agents/invocation.js';
import { InvocationsService } from '../agents/invocations.service.js';
import type { Message } from './message.js';
import { MessageFactory } from './message-factory.js';
import { newSession, type Session } from './session.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** Runs that a conversation can begin with; more cannot happen without a session. */
const RUNS_LIMIT = 20;

/**
 * An invoke without a session answers a session id and stores no session, which keeps it at two database calls. When that id
 * comes back, the conversation is opened here from the record of that run, so that the agent remembers it.
 */
@Injectable()
export class SessionOpeningService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly invocations: InvocationsService,
    private readonly messages: MessageFactory,
  ) {}

  /** @throws SessionNotFoundError when the agent has neither such a session nor such a run. */
  async ensure(org_id: string, agent_id: string, session_id: string): Promise<void> {
    const session = await this.sessions.findById(org_id, session_id);
    if (session) {
      if (session.agent_id !== agent_id) throw new SessionNotFoundError(session_id);
      return;
    }
    const runs = await this.invocations.listBySession(org_id, agent_id, session_id, RUNS_LIMIT);
    const [first] = runs;
    if (!first) throw new SessionNotFoundError(session_id);
    await this.open(first, runs);
  }

  /** Two that open it at once make the same session: one of them wins, the other finds it. */
  private async open(first: Invocation, runs: Invocation[]): Promise<void> {
    const { org_id, user_id, agent_id, session_id, created_at } = first;
    let session: Session = newSession({ org_id, user_id, agent_id }, session_id, created_at);
    const messages: Message[] = [];
    for (const { invocation_id, input_text, output_text, duration_ms, model, usage, status } of runs) {
      messages.push(this.messages.next(session, 'user', input_text));
      session = { ...session, message_count: session.message_count + 1 };
      if (status !== 'success') continue;
      messages.push(
        this.messages.next(session, 'assistant', output_text ?? '', { invocation_id, duration_ms, model, usage }),
      );
      session = { ...session, message_count: session.message_count + 1 };
    }
    await this.sessions.create(session, messages);
  }
}
