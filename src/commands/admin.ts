import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { EmbeddedDatabaseError } from '../platform/database/embedded/engine-program.js';
import { commandLine } from '../shared/command-line.js';
import { DomainError } from '../shared/domain-error.js';
import { openPlatform } from './open-platform.js';

const USAGE =
  'Usage: npm run admin -- reset [email]\n\nGives an account a new password and prints it. Default: NEXUS_ADMIN_EMAIL.';

/**
 * `npm run admin -- reset [email]`: a new password for an account, NEXUS_ADMIN_EMAIL by default. Every sign-in of the account ends.
 * Exit code 0: the password is printed; 1: it could not be done; 2: the command was not understood. Needs the database to itself only
 * if it is the embedded one.
 */
async function main([command, given]: string[]): Promise<void> {
  if (command !== 'reset' || (given !== undefined && !given.includes('@'))) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const settings = loadSettings({ BUILD_SLOTS: '0', PARTNERSHIP_TICK_MS: '0' });
  const app = await openPlatform(settings);
  try {
    const [{ FirstStartService, newPassword }, { RecoveryService }] = await Promise.all([
      import('../identity/accounts/first-start.service.js'),
      import('../identity/authentication/recovery.service.js'),
    ]);
    const password = newPassword();
    const account = await app
      .get(RecoveryService, { strict: false })
      .resetPasswordHere(given ?? settings.get('NEXUS_ADMIN_EMAIL'), password);
    if (account.email === settings.get('NEXUS_ADMIN_EMAIL'))
      app.get(FirstStartService, { strict: false }).keep({ email: account.email, password });
    const factor = account.totp_enabled === true ? '. The second factor is unchanged' : '';
    process.stdout.write(`Sign in as ${account.email} with the password ${password}${factor}\n`);
  } finally {
    await app.close();
  }
}

try {
  await main(commandLine(USAGE, [], 2).words);
} catch (error) {
  const isExpected =
    error instanceof SettingsError || error instanceof DomainError || error instanceof EmbeddedDatabaseError;
  const reason = error instanceof Error ? ((isExpected ? undefined : error.stack) ?? error.message) : String(error);
  const help = error instanceof DomainError && error.suggestion ? `. ${error.suggestion}` : '';
  process.stderr.write(`${reason}${help}\n`);
  process.exit(1);
}
