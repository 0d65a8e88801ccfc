import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/platform/config.module.js';
import type { Settings } from '../../src/platform/config/settings.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { TableCreation } from '../../src/platform/database/tables/table-creation.js';
import type { TableDefinition } from '../../src/platform/database/table-definition.js';

/** The database module alone, with its tables created: for tests of repositories. Close it at the end. */
export async function databaseModule(settings: Settings, tables: TableDefinition[]): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(settings), DatabaseModule.forRoot(tables)],
  }).compile();
  module.useLogger(false);
  await module.init();
  await module.get(TableCreation).createMissing();
  return module;
}
