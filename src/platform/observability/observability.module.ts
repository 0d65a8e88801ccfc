import { Global, Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { HttpMetrics } from './http-metrics.js';
import { Metrics } from './metrics.js';
import { RequestObserver } from './request-observer.js';
import { SystemFiguresService } from './system-figures.js';
import { Tracing } from './tracing/tracing.js';

/** Metrics, traces and figures of this process, and the observer of its requests. */
@Global()
@Module({
  providers: [
    Metrics,
    HttpMetrics,
    RequestObserver,
    SystemFiguresService,
    { provide: Tracing, inject: [Settings], useFactory: (settings: Settings) => Tracing.start(settings) },
  ],
  exports: [Metrics, RequestObserver, SystemFiguresService, Tracing],
})
export class ObservabilityModule {}
