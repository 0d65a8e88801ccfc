import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { AgentRun } from '../runtimes/agent-runtime.js';
import { ValidationError } from '../shared/domain-error.js';
import { DocumentReader, type UploadedDocument } from '../tools/documents/document-reader.js';
import { Ids } from '../shared/ids.js';
import type { Page } from '../shared/page.js';
import { MessagesRepository } from './messages.repository.js';
import { type Session, spoken } from './session.js';
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

/** What an agent remembers in a session: its last messages and the documents that were uploaded to it. */
@Injectable()
export class SessionMemory {
  /** Documents are only ever added, so sessions with the same number of documents have the same ones. */
  private readonly cache = new LRUCache<string, KnowledgeDocument[]>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (documents) => documents.reduce((sum, { content }) => sum + content.length, 1),
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
    if (session.message_count === 0) return [];
    const last = await this.messages.listLast(
      session.org_id,
      session.session_id,
      Math.min(limit, session.message_count) + 1,
    );
    return last
      .filter(({ sequence }) => sequence <= session.message_count)
      .slice(-limit)
      .map(spoken);
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
