import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import type { Settings } from '../../src/platform/config/settings.js';
import { DynamoDbModule } from '../../src/platform/dynamodb/dynamodb.module.js';
import { TableCreation } from '../../src/platform/dynamodb/table-creation.js';
import type { TableDefinition } from '../../src/platform/dynamodb/table-definition.js';

/** The database module alone, with its tables created: for tests of repositories. Close it at the end. */
export async function databaseModule(settings: Settings, tables: TableDefinition[]): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(settings), DynamoDbModule.forRoot(tables)],
  }).compile();
  module.useLogger(false);
  await module.init();
  await module.get(TableCreation).createMissing();
  return module;
}
