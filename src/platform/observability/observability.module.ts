import { Global, Module } from '@nestjs/common';
import { HttpMetrics, RequestObserver } from './request-observer.js';
import { RequestTotals, SystemFiguresService } from './system-figures.js';
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

/** Figures of this process and the observer of its requests, beside its metrics and traces. */
@Global()
@Module({
  imports: [TelemetryModule],
  providers: [HttpMetrics, RequestObserver, RequestTotals, SystemFiguresService],
  exports: [TelemetryModule, RequestObserver, RequestTotals, SystemFiguresService],
})
export class ObservabilityModule {}
