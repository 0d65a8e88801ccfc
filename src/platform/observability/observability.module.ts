import { Global, Module } from '@nestjs/common';
import { HttpMetrics } from './http-metrics.js';
import { RequestObserver } from './request-observer.js';
import { RequestTotals } from './request-totals.js';
import { SystemFiguresService } from './system-figures.js';
import { TelemetryModule } from './telemetry.module.js';

/** Figures of this process and the observer of its requests, beside its metrics and traces. */
@Global()
@Module({
  imports: [TelemetryModule],
  providers: [HttpMetrics, RequestObserver, RequestTotals, SystemFiguresService],
  exports: [TelemetryModule, RequestObserver, RequestTotals, SystemFiguresService],
})
export class ObservabilityModule {}
