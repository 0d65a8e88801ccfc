import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AgentRecords } from '../agents/agent-deletion.service.js';
import type { Agent } from '../agents/agent.js';
import { MessagesRepository } from './messages.repository.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionNotFoundError, SessionClosedError, SessionOfOtherAgentError } from './sessions.errors.js';
import { SessionsRepository, withoutAgent, type SessionFilter } from './sessions.repository.js';
import { AgentsService } from '../agents/agents.service.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import {
  type Message,
  type NewMessage,
  type NewSession,
  newSession,
  nextMessage,
  type Session,
  spoken,
} from './session.js';

const PAGE = 50;

/**
 * Deletes sessions: marks the session, then deletes its messages and documents, and the session last. The next start continues
 * an interrupted deletion.
 */
@Injectable()
export class SessionDeletionService extends AgentRecords implements OnApplicationBootstrap {
  private readonly logger = new Logger(SessionDeletionService.name);

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly messages: MessagesRepository,
    private readonly documents: SessionDocumentsRepository,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.finishInterrupted().catch((error: unknown) => {
      this.logger.error({
        msg: 'interrupted deletions could not be resumed; the next start retries',
        err: error,
      });
    });
  }

  /** @returns how many messages it had. @throws SessionNotFoundError also for a second deletion of the same session. */
  async delete(org_id: string, session_id: string): Promise<number> {
    if (!(await this.sessions.mark(org_id, session_id))) throw new SessionNotFoundError(session_id);
    return this.finish(session_id);
  }

  /** Sessions that no agent has spoken in; the others go with their agent. */
  async deleteByOrg(org_id: string): Promise<void> {
    await this.deleteByAgent({ org_id, agent_id: withoutAgent(org_id) });
  }

  override async deleteByAgent({
    org_id,
    agent_id,
  }: Pick<Agent, 'org_id' | 'agent_id'>): Promise<{ sessions: number; messages: number }> {
    const deleted = { sessions: 0, messages: 0 };
    for (;;) {
      const ids = await this.sessions.idsByAgent(agent_id, PAGE);
      if (ids.length === 0) return deleted;
      for (const session_id of ids) {
        await this.sessions.mark(org_id, session_id);
        deleted.messages += await this.finish(session_id);
        deleted.sessions++;
      }
    }
  }

  private async finish(session_id: string): Promise<number> {
    const [messages] = await Promise.all([
      this.messages.deleteBySession(session_id),
      this.documents.deleteBySession(session_id),
    ]);
    await this.sessions.deleteItem(session_id);
    return messages;
  }

  private async finishInterrupted(): Promise<void> {
    for await (const session_id of this.sessions.marked()) await this.finish(session_id);
  }
}

const METADATA_LIMIT_BYTES = 16 * 1024;
/** Messages that are stored in one transaction with their session. */
export const MESSAGES_AT_ONCE = 90;

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

  /** A session that takes the agent of its first run. @throws ValidationError when the metadata are larger than 16 KB */
  async createWithoutAgent(input: Omit<NewSession, 'agent_id'>, messages: NewMessage[] = []): Promise<Session> {
    assertSmall(input.metadata);
    const [session, stored] = this.filled({ ...input, agent_id: '' }, messages);
    await this.repository.create(session, stored);
    return session;
  }

  /**
   * The session for a run of the agent; one without an agent takes it.
   * @throws SessionNotFoundError; SessionOfOtherAgentError when it has another agent
   */
  async getForAgent(org_id: string, agent_id: string, session_id: string): Promise<Session> {
    const session = await this.get(org_id, session_id);
    if (session.agent_id === agent_id) return session;
    if (session.agent_id === '' && (await this.repository.bind(session, agent_id))) return { ...session, agent_id };
    const { agent_id: other } = await this.get(org_id, session_id);
    if (other !== agent_id) throw new SessionOfOtherAgentError(session_id, other);
    return { ...session, agent_id };
  }

  /** A new session of an agent with the messages of another up to a position, at most the last 90. */
  async fork(from: Session, position: number, input: Pick<NewSession, 'user_id' | 'agent_id'>): Promise<Session> {
    const { org_id, session_id } = from;
    const messages = await this.messages.listLast(org_id, session_id, MESSAGES_AT_ONCE, position);
    const copies = messages.map(({ metadata, ...message }) => ({ ...spoken(message), metadata }));
    const [session, stored] = this.filled({ ...input, org_id }, copies);
    await this.repository.create(session, stored);
    return session;
  }

  /** @throws SessionNotFoundError; ValidationError when the metadata are larger than 16 KB */
  async setMetadata(org_id: string, session_id: string, metadata: Record<string, unknown>): Promise<Session> {
    assertSmall(metadata);
    const session = await this.get(org_id, session_id);
    if (!(await this.repository.setMetadata(org_id, session_id, metadata))) throw new SessionNotFoundError(session_id);
    return { ...session, metadata };
  }

  /** Messages from a sequence on, this one included, in either direction. @throws SessionNotFoundError */
  async messagesFrom(
    org_id: string,
    session_id: string,
    range: { limit: number; order: 'asc' | 'desc'; from?: number | undefined },
  ): Promise<Message[]> {
    await this.get(org_id, session_id);
    return this.messages.listFrom(org_id, session_id, range);
  }

  /** Undefined when the session has no such message. @throws SessionNotFoundError */
  async findMessage(org_id: string, session_id: string, sequence: number): Promise<Message | undefined> {
    await this.get(org_id, session_id);
    return this.messages.find(org_id, session_id, sequence);
  }

  /** The numbers of the other messages stay. @throws SessionNotFoundError */
  async deleteMessage(org_id: string, session_id: string, sequence: number): Promise<Session> {
    const session = await this.get(org_id, session_id);
    await this.repository.deleteMessage(org_id, session_id, sequence);
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

  /** @throws SessionNotFoundError also when the session belongs to another organization. */
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

  /** Last active first, of one agent or of all. @throws AgentNotFoundError; ValidationError for a range that ends before it begins */
  async list(
    org_id: string,
    filter: SessionFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Session>> {
    const { agent_id } = filter;
    const [sessions] = await Promise.all([
      this.repository.list(org_id, filter, page),
      agent_id === undefined ? undefined : this.agents.get(org_id, agent_id),
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
    const [session, stored] = this.filled(input, messages.slice(-MESSAGES_AT_ONCE), session_id, created_at);
    await this.repository.create(session, stored);
  }

  /** A new session and its first messages, to be stored together. */
  private filled(
    input: NewSession,
    messages: NewMessage[],
    session_id = this.ids.next('sess'),
    created_at = this.clock.timestamp(),
  ): [Session, Message[]] {
    let session = newSession(input, session_id, created_at);
    const stored: Message[] = [];
    for (const content of messages) {
      stored.push(nextMessage(session, content, this.ids.next('msg'), this.clock.timestamp()));
      session = { ...session, message_count: stored.length };
    }
    return [session, stored];
  }
}

export function assertSmall(metadata: Record<string, unknown> | undefined): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata ?? {}));
  if (bytes > METADATA_LIMIT_BYTES)
    throw ValidationError.field('metadata', `must be at most ${METADATA_LIMIT_BYTES} bytes of JSON, not ${bytes}`);
}
