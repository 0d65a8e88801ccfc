import { Injectable } from '@nestjs/common';
import type { RunEvent } from '../agents/agent-run.service.js';
import { NotFoundError, ValidationError } from '../shared/domain-error.js';
import { ConversationService, type Said } from '../sessions/conversation.service.js';
import { type KeptFile, SessionDocumentsService, type UploadedFile } from '../sessions/session-documents.service.js';
import { SessionsService } from '../sessions/sessions.service.js';

const WAIT_MS = 30_000;

export interface SessionPath {
  org_id: string;
  agent_id: string;
  session_id: string;
}

/** Older routes name agent and session; the session must be that agent's. */
@Injectable()
export class LegacyDialogService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly conversations: ConversationService,
    private readonly documents: SessionDocumentsService,
  ) {}

  async messages(
    org_id: string,
    agent_id: string,
    session_id: string,
    page: { limit: number; last_key?: string | undefined; order: 'asc' | 'desc' },
  ) {
    await this.assertSession({ org_id, agent_id, session_id });
    return this.sessions.listMessages(org_id, session_id, page);
  }

  async upload(path: SessionPath, files: UploadedFile[]): Promise<KeptFile[]> {
    await this.assertSession(path);
    if (files.length === 0) throw ValidationError.field('files', 'must hold at least one file');
    return this.documents.add(path.org_id, path.session_id, files);
  }

  async say(
    request: SessionPath & { user_id: string; content: string; signal: AbortSignal },
  ): Promise<AsyncGenerator<RunEvent, Said>> {
    await this.assertSession(request);
    return this.conversations.say({ ...request, wait_ms: WAIT_MS });
  }

  private async assertSession({ org_id, agent_id, session_id }: SessionPath): Promise<void> {
    const session = await this.sessions.get(org_id, session_id);
    if (session.agent_id !== agent_id) throw new NotFoundError('Session', session_id);
  }
}
