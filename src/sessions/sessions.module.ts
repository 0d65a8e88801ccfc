import { Global, Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationRecords, Conversations } from '../agents/conversations.port.js';
import { ConversationMemory } from './conversation-memory.service.js';
import { ConversationAgent } from './conversation-agent.js';
import { ConversationService } from './conversation.service.js';
import { MessageFactory } from './message-factory.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { SessionConversations } from './session-conversations.js';
import { SessionDeletionService } from './session-deletion.service.js';
import { SessionDocumentsRepository } from './session-documents.repository.js';
import { SessionDocumentsService } from './session-documents.service.js';
import { SessionOpeningService } from './session-opening.service.js';
import { SessionTurnService } from './session-turn.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { TurnQueue } from './turn-queue.js';

/** Conversations. Global, because it binds the port that agents declare on the floor below. */
@Global()
@Module({
  imports: [AgentsModule],
  controllers: [SessionsController, MessagesController],
  providers: [
    SessionsRepository,
    MessagesRepository,
    SessionDocumentsRepository,
    TurnQueue,
    SessionTurnService,
    ConversationMemory,
    ConversationAgent,
    MessageFactory,
    ConversationService,
    SessionOpeningService,
    SessionDeletionService,
    SessionDocumentsService,
    SessionsService,
    SessionConversations,
    { provide: Conversations, useExisting: SessionConversations },
    { provide: ConversationRecords, useExisting: SessionDeletionService },
  ],
  exports: [Conversations, ConversationRecords, SessionsService, ConversationService, SessionDocumentsService],
})
export class SessionsModule {}
