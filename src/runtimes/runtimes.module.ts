import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import type { AgentRuntime } from './agent-runtime.js';
import { HttpRuntime } from './http/http-runtime.js';
import { LocalRuntime } from './local/local-runtime.js';
import { Runtimes } from './runtimes.js';

@Module({
  imports: [ModelsModule, ToolsModule],
  providers: [
    LocalRuntime,
    HttpRuntime,
    {
      provide: Runtimes,
      useFactory: (...runtimes: AgentRuntime[]) => new Runtimes(runtimes),
      inject: [LocalRuntime, HttpRuntime],
    },
  ],
  exports: [Runtimes],
})
export class RuntimesModule {}
