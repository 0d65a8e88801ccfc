import { Module } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { ErrorFilter } from '../../platform/http/error.filter.js';
import { SessionsModule } from '../../sessions/sessions.module.js';
import { OpenAiChatController } from './chat.controller.js';
import { OpenAiConversationsController } from './conversations.controller.js';
import { OpenAiModelsController } from './models.controller.js';
import { openAiError } from './openai-error.js';
import { OpenAiResponsesController } from './responses.controller.js';

/** OpenAI's API: translation only. Agents are models, runs are completions and responses, sessions are conversations. */
@Module({
  imports: [AgentsModule, SessionsModule, InvocationsModule],
  controllers: [OpenAiModelsController, OpenAiChatController, OpenAiResponsesController, OpenAiConversationsController],
})
export class OpenAiModule {
  constructor(errors: ErrorFilter) {
    errors.formBelow('/v1', openAiError);
  }
}
