import { Injectable } from '@nestjs/common';
import { Settings } from '../../../../platform/config/settings.js';
import type { TableState } from '../../../../platform/dynamodb/table-inspection.js';
import { fail, type Finding, pass, ReadinessCheck } from '../readiness-check.js';
import { TableStates } from './table-states.js';

const MIGRATE = 'Run: npm run db:migrate';

/** Every table with its indexes and its expiry, on a database that outlives a machine, protected from deletion. */
@Injectable()
export class DatabaseReadiness extends ReadinessCheck {
  override readonly name = 'database';

  constructor(
    private readonly settings: Settings,
    private readonly tables: TableStates,
  ) {
    super();
  }

  override async look(): Promise<Finding> {
    const states = await this.tables.read();
    const named = (is: (state: TableState) => boolean): string[] => states.filter(is).map(({ table }) => table);
    const missing = named(({ exists }) => !exists);
    const without_indexes = states.flatMap(({ table, missing_indexes }) =>
      missing_indexes.map((name) => `${table}.${name}`),
    );
    const without_expiry = named(({ exists, expires }) => exists && expires !== true);
    const unprotected = named(({ exists, deletion_protected }) => exists && deletion_protected !== true);
    const database = this.settings.get('NEXUS_DATABASE');
    const evidence = { database, tables: states.length, missing, without_indexes, without_expiry, unprotected };
    if (database === 'embedded')
      return fail(
        'The database is a process of this machine: it is lost with it',
        evidence,
        'Set NEXUS_DATABASE=dynamodb and AWS_REGION, and run: npm run db:migrate',
      );
    if (missing.length > 0) return fail(`Tables are missing: ${missing.join(', ')}`, evidence, MIGRATE);
    if (without_indexes.length > 0)
      return fail(`Indexes are missing: ${without_indexes.join(', ')}`, evidence, MIGRATE);
    if (without_expiry.length > 0)
      return fail(`Records of ${without_expiry.join(', ')} do not expire`, evidence, MIGRATE);
    if (unprotected.length > 0)
      return fail(
        `${unprotected.length} tables can be deleted by mistake`,
        evidence,
        `${MIGRATE}, or: aws dynamodb update-table --deletion-protection-enabled --table-name <each of unprotected>`,
      );
    return pass(`${states.length} tables with their indexes and expiry, protected from deletion`, evidence);
  }
}
