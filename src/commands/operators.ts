import type { OperatorsService } from '../identity/operator/operators.service.js';
import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { commandLine } from '../shared/command-line.js';
import { DomainError } from '../shared/domain-error.js';
import { openPlatform } from './open-platform.js';

const USAGE = 'Usage: npm run operators -- list | grant <email> | revoke <email>';

/**
 * `npm run operators -- list | grant <email> | revoke <email>`: who operates the platform. Exit code 0: it is as asked for;
 * 1: it could not be done; 2: the command was not understood. Needs the database to itself only if it is the embedded one.
 */
async function main([command = '', email]: string[]): Promise<void> {
  if (command === 'list' ? email !== undefined : !['grant', 'revoke'].includes(command) || !email?.includes('@')) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const settings = loadSettings({ BUILD_SLOTS: '0', PARTNERSHIP_TICK_MS: '0' });
  const app = await openPlatform(settings);
  try {
    const { OperatorsService } = await import('../identity/operator/operators.service.js');
    print(await run(app.get(OperatorsService, { strict: false }), command, email ?? ''));
  } finally {
    await app.close();
  }
}

async function run(operators: OperatorsService, command: string, email: string): Promise<string> {
  if (command === 'list') {
    const all = await operators.list();
    return all.map((one) => `${one.email}  ${one.user_id}`).join('\n') || 'There are no operators';
  }
  if (command === 'grant')
    return (await operators.grant(email)) ? `${email} is now an operator` : `${email} is already an operator`;
  return (await operators.revoke(email)) ? `${email} is no longer an operator` : `${email} is not an operator`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main(commandLine(USAGE, [], 2).words);
} catch (error) {
  const isExpected = error instanceof SettingsError || error instanceof DomainError;
  const reason = error instanceof Error ? ((isExpected ? undefined : error.stack) ?? error.message) : String(error);
  const help = error instanceof DomainError && error.suggestion ? `. ${error.suggestion}` : '';
  process.stderr.write(`${reason}${help}\n`);
  process.exit(1);
}
