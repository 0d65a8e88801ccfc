import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AgentRecords } from '../agents/agent-deletion.service.js';
import type { Agent } from '../agents/agent.js';
import { MessagesRepository } from './messages.repository.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionNotFoundError } from './sessions.errors.js';
import { SessionsRepository, withoutAgent } from './sessions.repository.js';

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
        msg: 'interrupted deletions could not be continued, the next start tries again',
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
