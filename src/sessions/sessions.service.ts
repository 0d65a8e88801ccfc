import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import { MessagesRepository } from './messages.repository.js';
import { type Message, type NewMessage, type NewSession, newSession, nextMessage, type Session } from './session.js';
import { SessionDeletionService } from './session-deletion.service.js';
import { SessionClosedError, SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

const METADATA_LIMIT_BYTES = 16 * 1024;

/** A conversation that a higher floor stores and that has no session yet. */
export interface StoredConversation extends Pick<Session, 'org_id' | 'user_id' | 'agent_id' | 'created_at'> {
  messages: NewMessage[];
}

/** Registered by the floor that stores such conversations; see {@link SessionsService.openFrom}. */
export interface ConversationSource {
  findConversation(org_id: string, session_id: string): Promise<StoredConversation | undefined>;
  /** The session was deleted: the conversation must not be found again. */
  forgetConversation(session_id: string): Promise<void>;
}

/** Sessions: opening, reading and deleting them and their messages. */
@Injectable()
export class SessionsService {
  private source: ConversationSource | undefined;

  constructor(
    private readonly repository: SessionsRepository,
    private readonly messages: MessagesRepository,
    private readonly agents: AgentsService,
    private readonly deletion: SessionDeletionService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Opens sessions on their first use from conversations stored elsewhere. An invoke without a session answers a session id
   * but stores no session, which keeps it at two database calls. Called while modules start.
   */
  openFrom(source: ConversationSource): void {
    this.source = source;
  }

  /** @throws AgentNotFoundError, ValidationError when the metadata are larger than 16 KB. */
  async create(input: NewSession): Promise<Session> {
    assertSmall(input.metadata);
    await this.agents.get(input.org_id, input.agent_id);
    const session = newSession(input, this.ids.next('sess'), this.clock.timestamp());
    await this.repository.create(session);
    return session;
  }

  /** The session, opened by this call if its conversation is stored elsewhere. */
  async find(org_id: string, session_id: string): Promise<Session | undefined> {
    const session = await this.repository.findById(org_id, session_id);
    if (session) return session;
    const conversation = await this.source?.findConversation(org_id, session_id);
    if (!conversation) return undefined;
    await this.open(session_id, conversation);
    return this.repository.findById(org_id, session_id);
  }

  /** @throws SessionNotFoundError also when the session belongs to another organisation. */
  async get(org_id: string, session_id: string): Promise<Session> {
    const session = await this.find(org_id, session_id);
    if (!session) throw new SessionNotFoundError(session_id);
    return session;
  }

  /** @throws SessionNotFoundError also when the session belongs to another agent. */
  async getOfAgent(org_id: string, agent_id: string, session_id: string): Promise<Session> {
    const session = await this.find(org_id, session_id);
    if (session?.agent_id !== agent_id) throw new SessionNotFoundError(session_id);
    return session;
  }

  /** Checks that the agent has this session and that it takes messages. @throws SessionNotFoundError, SessionClosedError */
  async assertOpen(org_id: string, agent_id: string, session_id: string): Promise<void> {
    const { status } = await this.getOfAgent(org_id, agent_id, session_id);
    if (status === 'closed') throw new SessionClosedError(session_id);
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

  /** The session takes no more messages. Does nothing when the session does not exist. */
  async close(org_id: string, session_id: string): Promise<void> {
    if (await this.find(org_id, session_id)) await this.repository.close(org_id, session_id);
  }

  /** @returns how many messages it had. @throws SessionNotFoundError also for a second deletion of the same session. */
  async delete(org_id: string, session_id: string): Promise<number> {
    await this.get(org_id, session_id);
    await this.source?.forgetConversation(session_id);
    return this.deletion.delete(org_id, session_id);
  }

  /** Two calls that open a session at once store the same session: one of them wins, and the other finds it. */
  private async open(session_id: string, { messages, created_at, ...input }: StoredConversation): Promise<void> {
    let session = newSession(input, session_id, created_at);
    const stored: Message[] = [];
    for (const content of messages) {
      stored.push(nextMessage(session, content, this.ids.next('msg'), this.clock.timestamp()));
      session = { ...session, message_count: stored.length };
    }
    await this.repository.create(session, stored);
  }
}

export function assertSmall(metadata: Record<string, unknown> | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata ?? {}));
  if (bytes > METADATA_LIMIT_BYTES)
    throw ValidationError.field('metadata', `must be at most ${METADATA_LIMIT_BYTES} bytes of JSON, not ${bytes}`);
}
