import { type DynamicModule, Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ConfigModule } from '../platform/config/config.module.js';
import type { Settings } from '../platform/config/settings.js';
import { OutgoingModule } from '../platform/outgoing/outgoing.module.js';
import { LocalRuntime } from '../runtimes/local/local-runtime.js';
import { ToolsModule } from '../tools/tools.module.js';

/** What one agent needs to run: models and tools, no database and no HTTP framework. */
@Module({})
export class AgentServerModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AgentServerModule,
      imports: [ConfigModule.forRoot(settings), OutgoingModule, ModelsModule, ToolsModule],
      providers: [LocalRuntime],
    };
  }
}
