import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../platform/config.module.js';
import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { TableCreation } from '../platform/database/tables/table-creation.js';
import { commandLine } from '../shared/command-line.js';
import { TABLES } from '../tables.js';
import { CommandLogger } from './command-logger.js';

commandLine('Usage: npm run db:migrate\n\nCreates missing tables, indexes and TTL settings. Safe to repeat.');

@Module({})
class MigrationModule {}

/** `npm run db:migrate` creates what is missing of the tables, their indexes and their TTL. Safe to repeat. */
async function migrate(): Promise<void> {
  const imports = [ConfigModule.forRoot(loadSettings()), DatabaseModule.forRoot(TABLES)];
  const app = await NestFactory.createApplicationContext(
    { module: MigrationModule, imports },
    { logger: new CommandLogger(), abortOnError: false },
  );
  try {
    const created = await app.get(TableCreation, { strict: false }).createMissing();
    process.stdout.write(created.length === 0 ? 'Nothing to do: all tables exist\n' : `${created.join('\n')}\n`);
  } finally {
    await app.close();
  }
}

migrate().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(error instanceof SettingsError ? `${reason}\n` : `The tables could not be created: ${reason}\n`);
  process.exitCode = 1;
});
