import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../agents/agent-run.service.js';
import { Conversations, type ConversationTurn } from '../agents/conversations.port.js';
import type { Invocation } from '../agents/invocation.js';
import { ConversationService } from './conversation.service.js';
import { SessionOpeningService } from './session-opening.service.js';
import { SessionClosedError, SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** How long a turn waits when the caller did not say. */
export const DEFAULT_WAIT_MS = 30_000;

/** The conversations that agents ask for, over sessions. */
@Injectable()
export class SessionConversations extends Conversations {
  constructor(
    private readonly conversations: ConversationService,
    private readonly opening: SessionOpeningService,
    private readonly repository: SessionsRepository,
  ) {
    super();
  }

  override async *turn(request: ConversationTurn): AsyncGenerator<RunEvent, Invocation> {
    const session = await this.opening.find(request.org_id, request.session_id);
    if (session?.agent_id !== request.agent_id) throw new SessionNotFoundError(request.session_id);
    const { input_text, ...rest } = request;
    const { invocation } = yield* this.conversations.say({ ...rest, content: input_text, wait_ms: DEFAULT_WAIT_MS });
    return invocation;
  }

  override async assertOpen(org_id: string, agent_id: string, session_id: string): Promise<void> {
    const session = await this.opening.find(org_id, session_id);
    if (session?.agent_id !== agent_id) throw new SessionNotFoundError(session_id);
    if (session.status === 'closed') throw new SessionClosedError(session_id);
  }

  override async close(org_id: string, session_id: string): Promise<void> {
    if (await this.opening.find(org_id, session_id)) await this.repository.close(org_id, session_id);
  }
}
