// What scripts/deploy.sh has to know of the settings, as lines of KEY=value. Ends with 1 and all problems when they are wrong.
import { loadSettings, SettingsError } from '../dist/platform/config/load-settings.js';

const NEEDED = [
  'ENVIRONMENT',
  'API_HOST',
  'API_PORT',
  'NEXUS_DATABASE',
  'WEB_CONCURRENCY',
  'SHUTDOWN_DRAIN_SECONDS',
  'SHUTDOWN_GRACE_SECONDS',
];

try {
  const settings = loadSettings();
  for (const name of NEEDED) process.stdout.write(`${name}=${settings.get(name)}\n`);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
