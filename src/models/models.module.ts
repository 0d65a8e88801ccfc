import { Module } from '@nestjs/common';
import { ModelMetrics } from './observed-model.js';
import { Settings } from '../platform/config/settings.js';
import { MODEL_PROVIDERS, ModelsService } from './models.service.js';
import { OfflineProvider, OfflineWriters } from './offline/offline-model.js';
import { configuredProviders } from './providers/providers.js';

@Module({
  providers: [
    OfflineWriters,
    OfflineProvider,
    {
      provide: MODEL_PROVIDERS,
      useFactory: (offline: OfflineProvider, settings: Settings) => [offline, ...configuredProviders(settings)],
      inject: [OfflineProvider, Settings],
    },
    ModelsService,
    ModelMetrics,
  ],
  exports: [ModelsService, OfflineWriters],
})
export class ModelsModule {}
