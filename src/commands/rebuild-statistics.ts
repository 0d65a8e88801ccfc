import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { commandLine } from '../shared/command-line.js';
import { openPlatform } from './open-platform.js';

const USAGE = `Usage: npm run statistics:rebuild [-- --dry-run]

Recounts the statistics from the records and corrects them. With --dry-run it only prints the differences, and ends with code 1
if there are any.`;
const command = commandLine(USAGE, ['dry-run']);

/**
 * `npm run statistics:rebuild [-- --dry-run]` recounts the statistics from the records, corrects them and prints what was
 * wrong, one difference a line. Exit code 0: they are right now; 1: it could not be done, or a dry run found differences.
 */
async function rebuild(): Promise<void> {
  const dry_run = command.has('dry-run');
  const settings = loadSettings({ ENGINE: 'embedded', BUILD_SLOTS: '0', PARTNERSHIP_TICK_MS: '0' });
  const app = await openPlatform(settings);
  try {
    const { StatisticsRebuild } = await import('../statistics/statistics-recount.js');
    const { differences } = await app.get(StatisticsRebuild).run({ dry_run });
    for (const difference of differences) print(JSON.stringify(difference));
    print(`${differences.length} differences ${dry_run ? 'found' : 'corrected'}`);
    if (dry_run && differences.length > 0) process.exitCode = 1;
  } finally {
    await app.close();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await rebuild();
} catch (error) {
  const isExpected = error instanceof SettingsError;
  const reason = error instanceof Error ? ((isExpected ? undefined : error.stack) ?? error.message) : String(error);
  process.stderr.write(`${isExpected ? reason : `The statistics could not be rebuilt: ${reason}`}\n`);
  process.exit(1);
}
