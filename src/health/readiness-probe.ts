import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckDto } from './dto/health.dto.js';
import { HealthChecksService } from './health-checks.service.js';
import { NotReadyError } from './health.errors.js';

/** What must be true before requests are sent here, run by Terminus. */
@Injectable()
export class ReadinessProbe {
  constructor(
    private readonly terminus: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly checks: HealthChecksService,
  ) {}

  /** @throws NotReadyError naming each failing check. */
  async assertReady(): Promise<void> {
    try {
      await this.terminus.check([
        () => this.indicate('shutdown', this.checks.shutdown),
        async () => this.indicate('database', await this.checks.databaseCheck()),
      ]);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      throw new NotReadyError((error.getResponse() as { error?: Record<string, unknown> }).error ?? {});
    }
  }

  private indicate(name: string, { status, message }: HealthCheckDto) {
    const indicator = this.indicators.check(name);
    return status === 'healthy' ? indicator.up({ message }) : indicator.down({ message });
  }
}
