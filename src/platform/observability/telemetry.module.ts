import { Global, Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Metrics } from './metrics.js';
import { Tracing } from './tracing/tracing.js';

/** Metrics and traces of this process, for programs with and without the platform's HTTP server. */
@Global()
@Module({
  providers: [
    Metrics,
    { provide: Tracing, inject: [Settings], useFactory: (settings: Settings) => Tracing.start(settings) },
  ],
  exports: [Metrics, Tracing],
})
export class TelemetryModule {}
