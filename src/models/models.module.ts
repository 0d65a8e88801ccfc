import { Module } from '@nestjs/common';
import { ModelTelemetry } from './model-telemetry.js';
import { MODEL_PROVIDERS, ModelsService } from './models.service.js';
import { OfflineProvider } from './offline/offline-provider.js';
import { OfflineWriters } from './offline/offline-writers.js';

@Module({
  providers: [
    OfflineWriters,
    OfflineProvider,
    { provide: MODEL_PROVIDERS, useFactory: (offline: OfflineProvider) => [offline], inject: [OfflineProvider] },
    ModelsService,
    ModelTelemetry,
  ],
  exports: [ModelsService, OfflineWriters],
})
export class ModelsModule {}
