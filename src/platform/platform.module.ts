import { Global, Module } from '@nestjs/common';
import { HttpMetrics, RequestObserver } from './observability/request-observer.js';
import { RequestTotals, SystemFiguresService } from './observability/system-figures.js';
import { Settings } from './config/settings.js';
import { Metrics } from './observability/metrics.js';
import { Tracing } from './observability/tracing/tracing.js';
import { OutgoingHttp } from './outgoing/outgoing-http.js';
import { OwnAddresses } from './outgoing/guarded-lookup.js';

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

/** Figures of this process and the observer of its requests, besides metrics and traces. */
@Global()
@Module({
  imports: [TelemetryModule],
  providers: [HttpMetrics, RequestObserver, RequestTotals, SystemFiguresService],
  exports: [TelemetryModule, RequestObserver, RequestTotals, SystemFiguresService],
})
export class ObservabilityModule {}

/** Calls to other hosts, for every feature that makes some. */
@Global()
@Module({ providers: [OutgoingHttp, OwnAddresses], exports: [OutgoingHttp, OwnAddresses] })
export class OutgoingModule {}
