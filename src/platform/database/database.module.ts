import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Metrics } from '../observability/metrics.js';
import { Tracing } from '../observability/tracing/tracing.js';
import { OwnAddresses } from '../outgoing/guarded-lookup.js';
import { CursorCodec, cursorSecret } from './cursors.js';
import { documentClient } from './client/document-client.js';
import { DatabaseConnection } from './client/dynamodb-client.js';
import { DatabaseProbe } from './client/database-probe.js';
import { CallObservation } from './client/call-observation.js';
import { DynamoDb } from './client/dynamodb.js';
import { Clock } from '../../shared/clock.js';
import { EmbeddedDatabase } from './embedded/embedded-database.js';
import { ExpiredRecords } from './expired-records.js';
import { Backup } from './tables/backup.js';
import { TableCreation } from './tables/table-creation.js';
import { TableInspection } from './tables/table-inspection.js';
import type { TableDefinition } from './table-definition.js';
import { UnitOfWork } from './unit-of-work.js';

const TABLES = Symbol('tables');

/**
 * The database for every feature. `DynamoDb` is ready for use when it is injected: on the embedded database the engine runs
 * by then and the tables exist; elsewhere `npm run db:migrate` creates them.
 *
 * Background work stops in onModuleDestroy or beforeApplicationShutdown: the database ends after that.
 */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DatabaseConnection) private readonly connection: DatabaseConnection,
    @Inject(EmbeddedDatabase) private readonly embedded: EmbeddedDatabase,
  ) {}

  static forRoot(tables: TableDefinition[]): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: TABLES, useValue: tables },
        {
          provide: EmbeddedDatabase,
          inject: [Settings, { token: OwnAddresses, optional: true }],
          useFactory: startEmbedded,
        },
        { provide: DatabaseConnection, inject: [Settings, EmbeddedDatabase], useFactory: connect },
        { provide: TableCreation, inject: [DatabaseConnection, TABLES, Settings], useFactory: tableCreation },
        { provide: Backup, inject: [DatabaseConnection, TABLES, Settings], useFactory: backup },
        { provide: DatabaseProbe, inject: [DatabaseConnection, TABLES, Settings], useFactory: databaseProbe },
        { provide: TableInspection, inject: [DatabaseConnection, TABLES, Settings], useFactory: tableInspection },
        {
          provide: DynamoDb,
          // Commands such as the migration run without observability.
          inject: [DatabaseConnection, TableCreation, Settings, optional(Metrics), optional(Tracing)],
          useFactory: readyDatabase,
        },
        UnitOfWork,
        { provide: ExpiredRecords, inject: [DynamoDb, TABLES, Clock, Settings], useFactory: expiredRecords },
        { provide: CursorCodec, inject: [Settings], useFactory: cursorCodec },
      ],
      exports: [DynamoDb, UnitOfWork, CursorCodec, TableCreation, TableInspection, DatabaseProbe, EmbeddedDatabase],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    this.connection.close();
    await this.embedded.stop();
  }
}

function optional(token: typeof Metrics | typeof Tracing) {
  return { token, optional: true };
}

function isEmbedded(settings: Settings): boolean {
  return settings.get('NEXUS_DATABASE') === 'embedded';
}

async function startEmbedded(settings: Settings, own?: OwnAddresses): Promise<EmbeddedDatabase> {
  const embedded = new EmbeddedDatabase(settings.get('NEXUS_DATA_DIR'));
  if (!isEmbedded(settings)) return embedded;
  await embedded.start();
  own?.claim(Number(new URL(embedded.endpoint).port));
  return embedded;
}

function connect(settings: Settings, embedded: EmbeddedDatabase): DatabaseConnection {
  return new DatabaseConnection(settings, isEmbedded(settings) ? embedded : undefined);
}

function tableCreation(connection: DatabaseConnection, tables: TableDefinition[], settings: Settings): TableCreation {
  const { administration, is_aws } = connection;
  return new TableCreation(administration, tables, { prefix: settings.get('NEXUS_TABLE_PREFIX'), is_aws });
}

function backup(connection: DatabaseConnection, tables: TableDefinition[], settings: Settings): Backup {
  return new Backup(connection.administration, tables, settings.get('NEXUS_TABLE_PREFIX'));
}

function databaseProbe(connection: DatabaseConnection, tables: TableDefinition[], settings: Settings): DatabaseProbe {
  return new DatabaseProbe(connection.client, tables, settings.get('NEXUS_TABLE_PREFIX'));
}

function tableInspection(
  { administration }: DatabaseConnection,
  tables: TableDefinition[],
  settings: Settings,
): TableInspection {
  return new TableInspection(administration, tables, settings.get('NEXUS_TABLE_PREFIX'));
}

async function readyDatabase(
  connection: DatabaseConnection,
  creation: TableCreation,
  settings: Settings,
  metrics?: Metrics,
  tracing?: Tracing,
): Promise<DynamoDb> {
  if (isEmbedded(settings)) await creation.createMissing();
  const slow_ms = settings.get('LOG_SLOW_QUERY_MS');
  const observation =
    metrics &&
    tracing &&
    new CallObservation({ metrics, tracing, prefix: settings.get('NEXUS_TABLE_PREFIX'), slow_ms });
  return new DynamoDb(
    documentClient(connection.client, observation),
    settings.get('NEXUS_TABLE_PREFIX'),
    connection.is_aws,
    settings.get('DYNAMODB_TIMEOUT_SECONDS'),
  );
}

function expiredRecords(db: DynamoDb, tables: TableDefinition[], clock: Clock, settings: Settings): ExpiredRecords {
  return new ExpiredRecords(db, tables, clock, isEmbedded(settings));
}

function cursorCodec(settings: Settings): CursorCodec {
  return new CursorCodec(settings.get('JWT_SECRET_KEY') ?? cursorSecret(settings.get('NEXUS_DATA_DIR')));
}
