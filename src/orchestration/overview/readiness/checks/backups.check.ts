import { Injectable } from '@nestjs/common';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';
import { TableStates } from './table-states.js';

/** Point-in-time recovery of every table, as the database itself says. */
@Injectable()
export class BackupsReadiness extends ReadinessCheck {
  override readonly name = 'backups';

  constructor(private readonly tables: TableStates) {
    super();
  }

  override async look(): Promise<Finding> {
    const states = await this.tables.read();
    const without = states.filter(({ point_in_time_recovery }) => point_in_time_recovery !== true);
    const evidence = {
      tables: states.length,
      without_recovery: without.map(({ table }) => table),
      not_told: without.filter(({ point_in_time_recovery }) => point_in_time_recovery === null).length,
    };
    return without.length === 0
      ? pass('Every table can be brought back to any second of the last days', evidence)
      : fail(
          `${without.length} tables have no point-in-time recovery`,
          evidence,
          'On AWS run: npm run db:migrate, or: aws dynamodb update-continuous-backups --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true --table-name <each of without_recovery>. Other engines: back up their data yourself; they cannot pass.',
        );
  }
}
