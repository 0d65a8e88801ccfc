import cluster from 'node:cluster';
import { setSourceMapsSupport } from 'node:module';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { loadSettings, SettingsError } from './platform/config/load-settings.js';
import type { Settings } from './platform/config/settings.js';
import { EmbeddedDatabaseError } from './platform/database/embedded/engine-program.js';
import { commandLine } from './shared/command-line.js';

commandLine(
  'Usage: npm start\n\nServes the platform. Settings come from the environment and .env; .env.example lists them.',
);

// Traces name lines of our sources. Those of libraries would cost 14 MB for maps that are never read.
setSourceMapsSupport(true, { nodeModules: false });

/** One process serves by itself; with WEB_CONCURRENCY several do, and the first only supervises them. */
async function start(): Promise<void> {
  const settings = loadSettings();
  if (!cluster.isWorker) await requireFreePort(settings);
  if (settings.get('WEB_CONCURRENCY') > 1 && cluster.isPrimary) {
    const { lead } = await import('./platform/lifecycle/cluster-primary.js');
    await lead(settings);
  } else {
    const { serve } = await import('./serve.js');
    await serve(settings);
  }
}

/** A port in use ends the start before it has created anything. @throws the error of listening */
async function requireFreePort(settings: Settings): Promise<void> {
  const server = createServer().listen(settings.get('API_PORT'), settings.get('API_HOST'));
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use. Stop the program that listens there, or set API_PORT to another port.',
  EACCES: 'may not be used by this account. Set API_PORT to 1024 or higher.',
  EADDRNOTAVAIL: 'cannot be used: this machine does not have the address. Correct API_HOST.',
};

/** What is wrong, in one line where the user can mend it; otherwise with the stack. */
function explained(error: unknown): string {
  if (error instanceof SettingsError || error instanceof EmbeddedDatabaseError) return error.message;
  const { syscall, code = '', address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const reason = syscall === 'listen' ? LISTEN_ERRORS[code] : undefined;
  if (reason !== undefined) return `Port ${port} on ${address} ${reason}`;
  return `Nexus could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

try {
  await start();
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  process.exit(1);
}
