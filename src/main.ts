import cluster from 'node:cluster';
import { setSourceMapsSupport } from 'node:module';
import { loadSettings, SettingsError } from './platform/config/load-settings.js';
import { commandLine } from './shared/command-line.js';

commandLine(
  'Usage: npm start\n\nServes the platform. Settings come from the environment and .env; .env.example lists them.',
);

// Traces name lines of our sources. Those of libraries would cost 14 MB for maps that are never read.
setSourceMapsSupport(true, { nodeModules: false });

/** One process serves by itself; with WEB_CONCURRENCY several do, and the first only supervises them. */
async function start(): Promise<void> {
  const settings = loadSettings();
  if (settings.get('WEB_CONCURRENCY') > 1 && cluster.isPrimary) {
    const { lead } = await import('./lead.js');
    await lead(settings);
  } else {
    const { serve } = await import('./serve.js');
    await serve(settings);
  }
}

try {
  await start();
} catch (error) {
  const isExpected = error instanceof SettingsError;
  process.stderr.write(
    `${isExpected ? error.message : `Nexus could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`}\n`,
  );
  process.exit(1);
}
