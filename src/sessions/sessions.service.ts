import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { ValidationError } from '../shared/domain-error.js';
import type { Page } from '../shared/page.js';
import type { Message } from './message.js';
import { MessagesRepository } from './messages.repository.js';
import type { NewSession, Session } from './session.js';
import { SessionDeletionService } from './session-deletion.service.js';
import { SessionOpeningService } from './session-opening.service.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

const METADATA_LIMIT_BYTES = 16 * 1024;

/** Sessions: opening, reading and deleting them and their messages. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly repository: SessionsRepository,
    private readonly messages: MessagesRepository,
    private readonly agents: AgentsService,
    private readonly opening: SessionOpeningService,
    private readonly deletion: SessionDeletionService,
  ) {}

  /** @throws AgentNotFoundError, ValidationError when the metadata are larger than 16 KB. */
  async create(input: NewSession): Promise<Session> {
    assertSmall(input.metadata);
    await this.agents.get(input.org_id, input.agent_id);
    return this.opening.create(input);
  }

  /** @throws SessionNotFoundError also when the session belongs to another organisation. */
  async get(org_id: string, session_id: string): Promise<Session> {
    const session = await this.opening.find(org_id, session_id);
    if (!session) throw new SessionNotFoundError(session_id);
    return session;
  }

  /** @throws AgentNotFoundError */
  async listByAgent(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Session>> {
    const [sessions] = await Promise.all([
      this.repository.listByAgent(org_id, agent_id, page),
      this.agents.get(org_id, agent_id),
    ]);
    return sessions;
  }

  /** @throws SessionNotFoundError */
  async listMessages(
    org_id: string,
    session_id: string,
    page: { limit: number; last_key?: string | undefined; order: 'asc' | 'desc' },
  ): Promise<Page<Message>> {
    const [messages, session] = await Promise.all([
      this.messages.listBySession(org_id, session_id, page),
      this.repository.findById(org_id, session_id),
    ]);
    if (session) return messages;
    await this.get(org_id, session_id);
    return this.messages.listBySession(org_id, session_id, page);
  }

  /** @returns how many messages it had. @throws SessionNotFoundError also for a second deletion of the same session. */
  async delete(org_id: string, session_id: string): Promise<number> {
    await this.get(org_id, session_id);
    await this.opening.prevent(session_id);
    return this.deletion.delete(org_id, session_id);
  }
}

export function assertSmall(metadata: Record<string, unknown> | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata ?? {}));
  if (bytes > METADATA_LIMIT_BYTES)
    throw ValidationError.field('metadata', `must be at most ${METADATA_LIMIT_BYTES} bytes of JSON, not ${bytes}`);
}
