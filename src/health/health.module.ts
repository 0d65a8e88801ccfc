import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { EmbeddedBuildEngine } from '../builds/embedded-build-engine.js';
import { BuildsModule } from '../builds/builds.module.js';
import { ModelsModule } from '../models/models.module.js';
import { figure, Metrics } from '../platform/observability/metrics.js';
import { HealthChecksService } from './health-checks.service.js';
import { HealthController } from './health.controller.js';
import { ReadinessProbe } from './readiness-probe.js';

/** Probes for people, Kubernetes and Prometheus. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false }), BuildsModule, ModelsModule],
  controllers: [HealthController],
  providers: [HealthChecksService, ReadinessProbe],
  exports: [HealthChecksService],
})
export class HealthModule {
  constructor(metrics: Metrics, engine: EmbeddedBuildEngine, checks: HealthChecksService) {
    metrics.gauge('nexus_builds_running', 'Builds that run in this process.', () => engine.running);
    metrics.sampled(
      () => checks.isReady(),
      [
        {
          name: 'nexus_ready',
          help: 'Whether the process can serve requests, as /health/ready says: 1 or 0.',
          samples: (isReady) => figure(isReady ? 1 : 0),
        },
      ],
    );
    metrics.sampled(
      () => checks.freeDisk(),
      [
        {
          name: 'nexus_disk_free_ratio',
          help: 'Free part of the disk that data go to, 0 to 1.',
          samples: figure,
        },
      ],
    );
  }
}
