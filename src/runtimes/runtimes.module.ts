import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { AgentCoreClients, AgentCoreDeployments } from './agentcore/agentcore-deployments.js';
import { AgentCoreRuntime } from './agentcore/agentcore-runtime.js';
import type { AgentRuntime } from './agent-runtime.js';
import { HttpRuntime } from './http/http-runtime.js';
import { LocalRuntime } from './local/local-runtime.js';
import { ObservedRuntimes, RunMetrics, Runtimes } from './observed-runtimes.js';

@Module({
  imports: [ModelsModule, ToolsModule],
  providers: [
    LocalRuntime,
    RunMetrics,
    ObservedRuntimes,
    HttpRuntime,
    AgentCoreClients,
    AgentCoreDeployments,
    AgentCoreRuntime,
    {
      provide: Runtimes,
      useFactory: (...runtimes: AgentRuntime[]) => new Runtimes(runtimes),
      inject: [LocalRuntime, HttpRuntime, AgentCoreRuntime],
    },
  ],
  exports: [Runtimes, ObservedRuntimes],
})
export class RuntimesModule {}
