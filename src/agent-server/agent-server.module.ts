import { type DynamicModule, Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ConfigModule } from '../platform/config.module.js';
import type { Settings } from '../platform/config/settings.js';
import { TelemetryModule } from '../platform/observability/observability.module.js';
import { OutgoingModule } from '../platform/outgoing/outgoing.module.js';
import { LocalRuntime } from '../runtimes/local/local-runtime.js';
import { InputCheck } from '../tools/input-check.js';
import { Sandbox } from '../tools/sandbox/sandbox.js';
import { ToolResolver } from '../tools/tool-resolver.js';
import { ToolWorkers } from '../tools/tool-workers.js';

/** What one agent needs to run: models and tools, no database and no HTTP framework. */
@Module({})
export class AgentServerModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AgentServerModule,
      imports: [ConfigModule.forRoot(settings), TelemetryModule, OutgoingModule, ModelsModule],
      providers: [
        LocalRuntime,
        InputCheck,
        Sandbox,
        ToolWorkers,
        {
          provide: ToolResolver,
          inject: [Sandbox, ToolWorkers],
          useFactory: (sandbox: Sandbox, workers: ToolWorkers) => ToolResolver.standalone(sandbox, workers),
        },
      ],
    };
  }
}
