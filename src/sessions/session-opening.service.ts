import { Injectable } from '@nestjs/common';
import type { Invocation } from '../agents/invocation.js';
import { InvocationsService } from '../agents/invocations.service.js';
import { Clock } from '../shared/clock.js';
import { Ids } from '../shared/ids.js';
import type { Message } from './message.js';
import { MessageFactory } from './message-factory.js';
import { newSession, type NewSession, type Session } from './session.js';
import { SessionsRepository } from './sessions.repository.js';

/**
 * An invoke without a session answers a session id and stores no session, which keeps it at two database calls. When that id
 * comes back, here or at any route of sessions, the conversation is opened from the record of that run, so that the agent
 * remembers it.
 */
@Injectable()
export class SessionOpeningService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly invocations: InvocationsService,
    private readonly messages: MessageFactory,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws NotFoundError when the agent is gone. */
  async create(input: NewSession): Promise<Session> {
    const session = newSession(input, this.ids.next('sess'), this.clock.timestamp());
    await this.sessions.create(session);
    return session;
  }

  /** The session, opened now if a run began it; undefined when there is neither. */
  async find(org_id: string, session_id: string): Promise<Session | undefined> {
    const session = await this.sessions.findById(org_id, session_id);
    if (session) return session;
    const run = await this.invocations.findBeginning(org_id, session_id);
    if (!run) return undefined;
    await this.open(run);
    return this.sessions.findById(org_id, session_id);
  }

  /** A session that is about to be deleted is not to be opened again by the run that began it. */
  async prevent(session_id: string): Promise<void> {
    await this.invocations.forgetBeginning(session_id);
  }

  /** Two that open it at once make the same session: one of them wins, the other finds it. */
  private async open(run: Invocation): Promise<void> {
    const { org_id, user_id, agent_id, session_id, created_at, status } = run;
    const session: Session = newSession({ org_id, user_id, agent_id }, session_id, created_at);
    const messages: Message[] = [this.messages.next(session, 'user', run.input_text)];
    if (status === 'success') {
      const { invocation_id, duration_ms, model, usage } = run;
      const asked = { ...session, message_count: 1 };
      const metadata = { invocation_id, duration_ms, model, usage };
      messages.push(this.messages.next(asked, 'assistant', run.output_text ?? '', metadata));
    }
    await this.sessions.create({ ...session, message_count: messages.length }, messages);
  }
}
