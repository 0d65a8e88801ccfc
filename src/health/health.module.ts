import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Settings } from '../platform/config/settings.js';
import { Lifecycle } from '../platform/lifecycle/lifecycle.js';
import { figure, Metrics } from '../platform/observability/metrics.js';
import { type Check, CHECKS, Checks } from './checks.service.js';
import { TableStates } from './checks/deployment.checks.js';
import { freeDisk } from './checks/live.checks.js';
import { HealthController } from './health.controller.js';
import { SelfCalls } from './self-calls.js';

/** Probes for people, Kubernetes and Prometheus, and the checks behind them. */
@Module({})
export class HealthModule implements OnModuleDestroy {
  static forRoot(checks: readonly Check[]): DynamicModule {
    return {
      module: HealthModule,
      global: true,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [{ provide: CHECKS, useValue: checks }, Checks, SelfCalls, TableStates],
      exports: [Checks, SelfCalls],
    };
  }

  constructor(
    metrics: Metrics,
    checks: Checks,
    settings: Settings,
    private readonly lifecycle: Lifecycle,
  ) {
    metrics.sampled(
      () => checks.isReady(),
      [
        {
          name: 'nexus_ready',
          help: 'Whether /health/ready returns 200: 1 or 0.',
          samples: (isReady) => figure(isReady ? 1 : 0),
        },
      ],
    );
    metrics.sampled(
      () => freeDisk(settings),
      [{ name: 'nexus_disk_free_ratio', help: 'Free share of the disk that holds the data, 0 to 1.', samples: figure }],
    );
  }

  onModuleDestroy(): void {
    this.lifecycle.finish();
  }
}
