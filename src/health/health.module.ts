import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { EmbeddedBuildEngine } from '../builds/embedded-build-engine.js';
import { BuildsModule } from '../builds/builds.module.js';
import { ModelsModule } from '../models/models.module.js';
import { Metrics } from '../platform/observability/metrics.js';
import { HealthChecksService } from './health-checks.service.js';
import { HealthController } from './health.controller.js';
import { ReadinessProbe } from './readiness-probe.js';

/** Probes for people, Kubernetes and Prometheus. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false }), BuildsModule, ModelsModule],
  controllers: [HealthController],
  providers: [HealthChecksService, ReadinessProbe],
})
export class HealthModule {
  constructor(metrics: Metrics, engine: EmbeddedBuildEngine) {
    metrics.gauge('nexus_builds_running', 'Builds that run in this process.', () => engine.running);
  }
}
