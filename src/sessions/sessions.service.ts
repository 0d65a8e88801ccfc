import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import type { Message } from './message.js';
import { MessagesRepository } from './messages.repository.js';
import { newSession, type NewSession, type Session } from './session.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

const METADATA_LIMIT_BYTES = 16 * 1024;

/** Sessions: opening and reading them and their messages. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly repository: SessionsRepository,
    private readonly messages: MessagesRepository,
    private readonly agents: AgentsService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws AgentNotFoundError, ValidationError when the metadata are larger than 16 KB. */
  async create(input: NewSession): Promise<Session> {
    assertSmall(input.metadata);
    await this.agents.get(input.org_id, input.agent_id);
    const session = newSession(input, this.ids.next('sess'), this.clock.timestamp());
    await this.repository.create(session);
    return session;
  }

  /** @throws SessionNotFoundError also when the session belongs to another organisation. */
  async get(org_id: string, session_id: string): Promise<Session> {
    const session = await this.repository.findById(org_id, session_id);
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
    const [messages] = await Promise.all([
      this.messages.listBySession(org_id, session_id, page),
      this.get(org_id, session_id),
    ]);
    return messages;
  }
}

export function assertSmall(metadata: Record<string, unknown> | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata ?? {}));
  if (bytes > METADATA_LIMIT_BYTES)
    throw ValidationError.field('metadata', `must be at most ${METADATA_LIMIT_BYTES} bytes of JSON, not ${bytes}`);
}
