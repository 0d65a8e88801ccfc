import { Module } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { ErrorFilter } from '../../platform/http/error.filter.js';
import { OpenAiChatController } from './chat.controller.js';
import { OpenAiModelsController } from './models.controller.js';
import { openAiError } from './openai-error.js';

/** OpenAI's API: translation only. Agents are models, runs are completions and responses, sessions are conversations. */
@Module({
  imports: [AgentsModule, InvocationsModule],
  controllers: [OpenAiModelsController, OpenAiChatController],
})
export class OpenAiModule {
  constructor(errors: ErrorFilter) {
    errors.formBelow('/v1', openAiError);
  }
}
