import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { TableInspection, type TableState } from '../../platform/database/tables/table-inspection.js';
import { redacted } from '../../platform/observability/logging/root-logger.js';
import { CachedReads } from '../../platform/async/cached-reads.js';
import { type Check, defineCheck, healthy, unhealthy } from '../checks.service.js';

/** An inspection makes three calls for each table, and tables rarely change. */
const TABLES_MAXIMUM_AGE_MS = 10_000;
const TIMEOUT_MS = 5_000;
const MIGRATE = 'Run: npm run db:migrate';
const SECRETS = { authorization: 'Bearer canary-canary', password: 'canary', nested: { api_key: 'canary' } };
const VERBOSE = new Set(['trace', 'debug']);

/** The state of the tables, shared by the checks that read it. */
@Injectable()
export class TableStates {
  private readonly reads = new CachedReads({ fresh_ms: TABLES_MAXIMUM_AGE_MS / 2, stale_ms: TABLES_MAXIMUM_AGE_MS });

  constructor(private readonly inspection: TableInspection) {}

  /** At most ten seconds old. @throws DatabaseUnavailableError, DatabaseError */
  read(): Promise<TableState[]> {
    return this.reads.read('tables', () => this.inspection.read());
  }
}

/** Whether this deployment is set up for production: its settings, its tables and their backups. */
export const DEPLOYMENT_CHECKS: Check[] = [
  defineCheck({
    name: 'environment',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Set ENVIRONMENT=production.',
    timeout_ms: TIMEOUT_MS,
    needs: [Settings],
    look: ([settings]) =>
      (settings.isProduction ? healthy : unhealthy)(
        `The process runs with ENVIRONMENT=${settings.get('ENVIRONMENT')}`,
        { environment: settings.get('ENVIRONMENT') },
      ),
  }),
  defineCheck({
    name: 'logging',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'Set LOG_FORMAT=json and LOG_LEVEL=INFO.',
    timeout_ms: TIMEOUT_MS,
    needs: [Settings],
    look: ([settings]) => {
      const level = settings.get('LOG_LEVEL');
      const isTerminal = settings.get('ENVIRONMENT') === 'development' && process.stdout.isTTY;
      const format = settings.get('LOG_FORMAT') ?? (isTerminal ? 'pretty' : 'json');
      const redacts = !JSON.stringify(redacted(SECRETS)).includes('canary');
      const evidence = { level, format, redacts, file: settings.get('LOG_FILE') !== undefined };
      if (!redacts)
        return unhealthy('Secrets would reach the log', evidence, {
          fix: 'Take the process off the network and report this.',
        });
      if (format !== 'json') return unhealthy('Log lines are not JSON', evidence, { fix: 'Set LOG_FORMAT=json.' });
      if (level === 'silent') return unhealthy('Nothing is logged', evidence, { fix: 'Set LOG_LEVEL=INFO.' });
      const message = 'Logs are JSON lines without secrets';
      if (!VERBOSE.has(level)) return healthy(message, evidence);
      const unfit = { message: `The level ${level} is for debugging`, fix: 'Set LOG_LEVEL=INFO.' };
      return healthy(message, evidence, { unfit: { ...unfit, severity: 'warning' } });
    },
  }),
  defineCheck({
    name: 'database',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: MIGRATE,
    timeout_ms: TIMEOUT_MS,
    needs: [Settings, TableStates],
    look: async ([settings, tables]) => {
      const states = await tables.read();
      const named = (is: (state: TableState) => boolean): string[] => states.filter(is).map(({ table }) => table);
      const missing = named(({ exists }) => !exists);
      const without_indexes = states.flatMap(({ table, missing_indexes }) =>
        missing_indexes.map((name) => `${table}.${name}`),
      );
      const without_expiry = named(({ exists, expires }) => exists && expires !== true);
      const unprotected = named(({ exists, deletion_protected }) => exists && deletion_protected !== true);
      const database = settings.get('NEXUS_DATABASE');
      const evidence = { database, tables: states.length, missing, without_indexes, without_expiry, unprotected };
      if (database === 'embedded')
        return unhealthy('The embedded database stores its data on this machine only', evidence, {
          fix: 'Set NEXUS_DATABASE=dynamodb and AWS_REGION, and run: npm run db:migrate',
        });
      if (missing.length > 0) return unhealthy(`Tables are missing: ${missing.join(', ')}`, evidence);
      if (without_indexes.length > 0) return unhealthy(`Indexes are missing: ${without_indexes.join(', ')}`, evidence);
      if (without_expiry.length > 0)
        return unhealthy(`Records of ${without_expiry.join(', ')} do not expire`, evidence);
      if (unprotected.length > 0)
        return unhealthy(`${unprotected.length} tables can be deleted by mistake`, evidence, {
          fix: `${MIGRATE}, or: aws dynamodb update-table --deletion-protection-enabled --table-name <each of unprotected>`,
        });
      return healthy(`${states.length} tables have their indexes, expiry and deletion protection`, evidence);
    },
  }),
  defineCheck({
    name: 'backups',
    shown_in: ['readiness'],
    severity: 'fail',
    fix: 'On AWS run: npm run db:migrate, or: aws dynamodb update-continuous-backups --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true --table-name <each of without_recovery>. Databases other than DynamoDB on AWS cannot pass this check: back up their data yourself.',
    timeout_ms: TIMEOUT_MS,
    needs: [TableStates],
    look: async ([tables]) => {
      const states = await tables.read();
      const without = states.filter(({ point_in_time_recovery }) => point_in_time_recovery !== true);
      const evidence = {
        tables: states.length,
        without_recovery: without.map(({ table }) => table),
        unknown: without.filter(({ point_in_time_recovery }) => point_in_time_recovery === null).length,
      };
      return without.length === 0
        ? healthy('Every table has point-in-time recovery', evidence)
        : unhealthy(`${without.length} tables have no point-in-time recovery`, evidence);
    },
  }),
];
