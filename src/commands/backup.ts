import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../platform/config.module.js';
import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { Backup } from '../platform/database/tables/backup.js';
import { TableCreation } from '../platform/database/tables/table-creation.js';
import { Clock } from '../shared/clock.js';
import { commandLine } from '../shared/command-line.js';
import { DomainError } from '../shared/domain-error.js';
import { VERSION } from '../shared/version.js';
import { TABLES } from '../tables.js';
import { CommandLogger } from './command-logger.js';

const USAGE = `Usage: npm run backup -- <directory>
       npm run restore -- <directory> [--continue]

backup copies every table to files. The platform may keep running, except on the embedded database.
restore loads a backup into empty tables, which it creates. --continue resumes an interrupted restore.`;

@Module({})
class BackupModule {}

/** `npm run backup` and `npm run restore`. Exit code 0: done; 1: it could not be done; 2: the command was not understood. */
async function main(): Promise<void> {
  const given = commandLine(USAGE, ['continue'], 2);
  const [action, directory] = given.words;
  const isRestore = action === 'restore';
  if ((action !== 'write' && !isRestore) || directory === undefined) {
    process.stderr.write(`The directory is missing\n${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const imports = [ConfigModule.forRoot(loadSettings()), DatabaseModule.forRoot(TABLES)];
  const app = await NestFactory.createApplicationContext(
    { module: BackupModule, imports },
    { logger: new CommandLogger(), abortOnError: false },
  );
  try {
    const backup = app.get(Backup, { strict: false });
    if (isRestore) await app.get(TableCreation, { strict: false }).createMissing();
    const { tables } = isRestore
      ? await backup.restore(directory, { continues: given.has('continue') })
      : await backup.write(directory, VERSION, () => app.get(Clock, { strict: false }).timestamp());
    const items = tables.reduce((sum, table) => sum + table.items, 0);
    process.stdout.write(`${isRestore ? 'Restored' : 'Copied'} ${items} records of ${tables.length} tables\n`);
  } finally {
    await app.close();
  }
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  const help = error instanceof DomainError && error.suggestion ? `. ${error.suggestion}` : '';
  process.stderr.write(error instanceof SettingsError ? `${reason}\n` : `${reason}${help}\n`);
  process.exitCode = 1;
});
