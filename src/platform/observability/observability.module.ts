import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { SystemFiguresService } from './system-figures.js';

/** Metrics and figures of this process. */
@Global()
@Module({ providers: [Metrics, SystemFiguresService], exports: [Metrics, SystemFiguresService] })
export class ObservabilityModule {}
