import { Module } from '@nestjs/common';
import { AgentsModule } from '../../agents/agents.module.js';
import { FlowsModule } from '../../flows/flows.module.js';
import { IntegrationsModule } from '../../integrations/integrations.module.js';
import { InvocationsModule } from '../../invocations/invocations.module.js';
import { AgentTools } from './agent-tools.js';
import { McpPrompts } from './mcp-prompts.js';
import { McpResources } from './mcp-resources.js';
import { McpServers } from './mcp-servers.js';
import { McpTools } from './mcp-tools.js';
import { OperationTools } from './operation-tools.js';
import { PlatformTools } from './platform-tools.js';

/** What serves the Model Context Protocol: with its SDK it takes memory, so `McpController` loads it with the first request. */
@Module({
  imports: [AgentsModule, InvocationsModule, IntegrationsModule, FlowsModule],
  providers: [AgentTools, OperationTools, PlatformTools, McpTools, McpResources, McpPrompts, McpServers],
})
export class McpServersModule {}
