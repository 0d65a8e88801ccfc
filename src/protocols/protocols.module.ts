import { Module } from '@nestjs/common';
import { InvocationsModule } from '../invocations/invocations.module.js';
import { AgUiController, AiSdkController, FrontEndRuns } from './front-ends.controller.js';
import { AgentsModule } from '../agents/agents.module.js';
import { ErrorFilter } from '../platform/http/error.filter.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { OpenAiChatController, OpenAiModelsController } from './openai/chat.controller.js';
import { OpenAiConversationsController } from './openai/conversations.controller.js';
import { openAiError } from './openai/openai-error.js';
import { OpenAiResponsesController } from './openai/responses.controller.js';
import { A2aModule } from './a2a/a2a.module.js';
import { McpModule } from './mcp/mcp.module.js';

/** Protocols of chat front ends. */
@Module({ imports: [InvocationsModule], controllers: [AgUiController, AiSdkController], providers: [FrontEndRuns] })
class FrontEndsModule {}

/** OpenAI's API: translation only. Agents are models, runs are completions and responses, sessions are conversations. */
@Module({
  imports: [AgentsModule, SessionsModule, InvocationsModule],
  controllers: [OpenAiModelsController, OpenAiChatController, OpenAiResponsesController, OpenAiConversationsController],
})
class OpenAiModule {
  constructor(errors: ErrorFilter) {
    errors.formBelow('/v1', openAiError);
  }
}

/** The doors of the platform for clients that speak a protocol of their own. */
@Module({ imports: [McpModule, A2aModule, OpenAiModule, FrontEndsModule] })
export class ProtocolsModule {}
