import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { KnowledgeDocument } from '../runtimes/agent-definition.js';
import type { AgentRun } from '../runtimes/agent-runtime.js';
import { MessagesRepository } from './messages.repository.js';
import type { Session } from './session.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';

/** Of the documents of all sessions together. */
const CACHED_CHARACTERS = 100_000_000;

/** What an agent knows of a session when its turn comes. */
@Injectable()
export class ConversationMemory {
  /** Documents are only ever added, so a session with the same number of them has the same ones. */
  private readonly cache = new LRUCache<string, KnowledgeDocument[]>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (documents) => documents.reduce((sum, { content }) => sum + content.length, 1),
  });

  constructor(
    private readonly messages: MessagesRepository,
    private readonly store: SessionDocumentsRepository,
  ) {}

  /** The last messages before the one that is about to be answered, oldest first. */
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
      .map(({ role, content }) => ({ role, content }));
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
}
