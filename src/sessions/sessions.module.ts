import { Module } from '@nestjs/common';
import { AgentDeletionService } from '../agents/agent-deletion.service.js';
import { AgentsModule } from '../agents/agents.module.js';
import { OrganizationData } from '../identity/organizations/organization-deletion.service.js';
import { ToolsModule } from '../tools/tools.module.js';
import { MessagesRepository } from './messages.repository.js';
import { SessionDeletionService, SessionsService } from './sessions.service.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionFilesController, SessionsController } from './sessions.controller.js';
import { SessionMemory } from './session-memory.service.js';
import { SessionTurns } from './session-turns.service.js';
import { SessionsRepository } from './sessions.repository.js';

/** Conversations: sessions, messages, documents and whose turn it is. Running agents in them is the floor above. */
@Module({
  imports: [AgentsModule, ToolsModule],
  controllers: [SessionsController, SessionFilesController],
  providers: [
    SessionsRepository,
    MessagesRepository,
    SessionDocumentsRepository,
    SessionDeletionService,
    SessionsService,
    SessionTurns,
    SessionMemory,
  ],
  exports: [SessionsService, SessionTurns, SessionMemory],
})
export class SessionsModule {
  constructor(agents: AgentDeletionService, organizations: OrganizationData, sessions: SessionDeletionService) {
    agents.register(sessions);
    organizations.registerRecords('sessions', (org_id) => sessions.deleteByOrg(org_id));
  }
}
