import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { LocalRuntime } from './local/local-runtime.js';
import { ObservedRuntimes } from './observed-runtimes.js';
import { RunMetrics } from './run-metrics.js';
import { Runtimes } from './runtimes.js';

@Module({
  imports: [ModelsModule, ToolsModule],
  providers: [
    LocalRuntime,
    RunMetrics,
    ObservedRuntimes,
    { provide: Runtimes, useFactory: (local: LocalRuntime) => new Runtimes([local]), inject: [LocalRuntime] },
  ],
  exports: [Runtimes, ObservedRuntimes],
})
export class RuntimesModule {}
