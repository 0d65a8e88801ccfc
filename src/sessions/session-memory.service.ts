import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { AgentRun } from '../runtimes/agent-runtime.js';
import type { ConversationMessage } from '../runtimes/caller-request.js';
import { ValidationError } from '../shared/domain-error.js';
import { DocumentReader, type UploadedDocument } from '../tools/documents/document-reader.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import { MessagesRepository } from './messages.repository.js';
import { type Message, type Session, spoken } from './session.js';
import {
  type ListedDocument,
  SessionDocumentsRepository,
  type StoredDocument,
} from './session-documents.repository.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import type { UploadedFileDto } from './dto/session.dto.js';

/** Limit for the cached documents of all sessions together. */
const CACHED_CHARACTERS = 100_000_000;

/** Messages that are kept of a session: as many as most agents remember. An agent that remembers more has more kept. */
const KEPT_MESSAGES = 200;
/** Limits for the kept messages of one session, and of all sessions together. */
const [KEPT_CHARACTERS_OF_ONE, KEPT_CHARACTERS] = [1_000_000, 10_000_000];
/** Deletions by earlier versions of Nexus, which do not count them, are seen after this time. */
const KEPT_MS = 60_000;

interface KeptMessage {
  sequence: number;
  characters: number;
  message: ConversationMessage;
}

/** The messages of a session with the sequences `from` to `up_to`, without those that were deleted. */
interface KeptMessages {
  from: number;
  up_to: number;
  /** Of the session when they were read: another number means that some of them may be gone. */
  messages_deleted: number;
  messages: readonly KeptMessage[];
}

/** What an agent remembers in a session: its last messages and the documents that were uploaded to it. */
@Injectable()
export class SessionMemory {
  /** Documents are only ever added, so sessions with the same number of documents have the same ones. */
  private readonly cache = new LRUCache<string, KnowledgeDocument[]>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (documents) => documents.reduce((sum, { content }) => sum + content.length, 1),
  });

  /** Messages are only ever added or deleted, so a turn reads those that are new to this process. */
  private readonly kept = new LRUCache<string, KeptMessages>({
    maxSize: KEPT_CHARACTERS,
    maxEntrySize: KEPT_CHARACTERS_OF_ONE,
    sizeCalculation: ({ messages }) => messages.reduce((sum, { characters }) => sum + characters, 1),
    ttl: KEPT_MS,
    noUpdateTTL: true,
  });

  constructor(
    private readonly sessions: SessionsService,
    private readonly repository: SessionsRepository,
    private readonly messages: MessagesRepository,
    private readonly store: SessionDocumentsRepository,
    private readonly ids: Ids,
    private readonly reader: DocumentReader,
  ) {}

  /** The last messages of the session as it was read, oldest first. */
  async history(session: Session, limit: number): Promise<AgentRun['history']> {
    const { org_id, session_id, message_count, messages_deleted = 0 } = session;
    if (message_count === 0 || limit === 0) return [];
    const key = `${org_id}#${session_id}`;
    const known = this.kept.get(key);
    const isEnough = known !== undefined && (known.from === 1 || known.messages.length >= limit);
    const isCurrent = isEnough && known.messages_deleted === messages_deleted && known.up_to <= message_count;
    const { from, messages } = isCurrent ? await this.continued(known, session) : await this.read(session, limit);
    const last = messages.slice(-Math.max(limit, KEPT_MESSAGES));
    const first = last[0]?.sequence ?? from;
    this.kept.set(key, {
      from: last.length < messages.length ? first : from,
      up_to: message_count,
      messages_deleted,
      messages: last,
    });
    return last.slice(-limit).map(({ message }) => message);
  }

  private async read(
    { org_id, session_id, message_count }: Session,
    limit: number,
  ): Promise<Pick<KeptMessages, 'from' | 'messages'>> {
    const rows = await this.messages.listLast(org_id, session_id, limit, message_count);
    const from = rows.length < limit ? 1 : (rows[0]?.sequence ?? 1);
    return { from, messages: rows.map(kept) };
  }

  private async continued(
    known: KeptMessages,
    { org_id, session_id, message_count }: Session,
  ): Promise<Pick<KeptMessages, 'from' | 'messages'>> {
    const { from, up_to, messages } = known;
    if (up_to === message_count) return known;
    const range = { limit: message_count - up_to, order: 'asc' as const, from: up_to + 1 };
    const rows = await this.messages.listFrom(org_id, session_id, range);
    // Where messages were deleted, later ones than the session had when it was read may follow.
    const added = rows.filter(({ sequence }) => sequence <= message_count);
    return { from, messages: [...messages, ...added.map(kept)] };
  }

  async documents({ org_id, session_id, document_count }: Session): Promise<KnowledgeDocument[]> {
    if (document_count === 0) return [];
    const key = `${session_id}#${document_count}`;
    const known = this.cache.get(key);
    if (known) return known;
    const documents = (await this.store.listBySession(org_id, session_id)).map(({ name, content }) => ({
      name,
      content,
    }));
    this.cache.set(key, documents);
    return documents;
  }

  /** Oldest first. @throws SessionNotFoundError; ValidationError for a cursor that is not of this list */
  async listDocuments(
    org_id: string,
    session_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<ListedDocument>> {
    const { document_count } = await this.sessions.get(org_id, session_id);
    if (document_count === 0 && page.last_key === undefined) return { items: [], last_key: null };
    return this.store.list(org_id, session_id, page);
  }

  /**
   * Stores documents, which the agent can search from its next turn on.
   * @throws SessionNotFoundError; ValidationError without files, or naming the first file that cannot be read (no file is stored).
   */
  async upload(
    { org_id, agent_id, session_id }: Pick<Session, 'org_id' | 'agent_id' | 'session_id'>,
    files: UploadedDocument[],
  ): Promise<UploadedFileDto[]> {
    await this.sessions.getOfAgent(org_id, agent_id, session_id);
    if (files.length === 0) throw ValidationError.field('files', 'must hold at least one file');
    const documents: StoredDocument[] = [];
    for (const file of files)
      documents.push({
        file_id: this.ids.next('file'),
        name: file.name,
        content: await this.reader.read(org_id, file),
      });
    for (const document of documents) await this.store.create(org_id, session_id, document);
    if (!(await this.repository.addDocuments(org_id, session_id, documents.length)))
      throw new SessionNotFoundError(session_id);
    return documents.map(({ file_id, name }, index) => ({
      file_id,
      filename: name,
      content_type: files[index]?.content_type ?? '',
      size: files[index]?.bytes.length ?? 0,
    }));
  }
}

function kept(row: Message): KeptMessage {
  const { sequence, content, parts, calls } = row;
  const others = (parts ?? calls) ? JSON.stringify({ parts, calls }).length : 0;
  return { sequence, characters: content.length + others, message: spoken(row) };
}
