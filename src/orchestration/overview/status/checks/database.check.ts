import { Injectable } from '@nestjs/common';
import { HealthChecksService } from '../../../../health/health-checks.service.js';
import { ComponentCheck, type ComponentState } from '../component-check.js';

/** Asks the database for every table. */
@Injectable()
export class DatabaseComponent extends ComponentCheck {
  override readonly name = 'database';

  constructor(private readonly checks: HealthChecksService) {
    super();
  }

  override async look(): Promise<ComponentState> {
    const { status, message } = await this.checks.databaseCheck();
    return { status: status === 'healthy' ? 'healthy' : 'unhealthy', message };
  }
}
