import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { loadSettings, SettingsError } from '../platform/config/load-settings.js';
import { RequestContext } from '../platform/observability/request-context.js';
import { nestLogger } from '../platform/observability/logging/nest-logger.js';
import { createRootLogger } from '../platform/observability/logging/root-logger.js';
import { commandLine } from '../shared/command-line.js';

const USAGE = `Usage: npm run worker

Executes durable runs, such as builds and flow runs, without serving the API, until a signal stops it.`;
commandLine(USAGE, []);
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** `npm run worker` drives durable runs with the same settings as the platform, and serves nothing. */
async function work(): Promise<void> {
  const settings = loadSettings({ TEMPORAL_WORKER: 'true' });
  const logger = nestLogger(await createRootLogger(settings, new RequestContext()));
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings), { logger, abortOnError: false });
  logger.log({ msg: 'Nexus worker is ready', engine: settings.get('ENGINE') });
  // Every timer of the platform is unreferenced. Without a connection, as after a restart of the database, the process would end.
  setInterval(() => undefined, LONGEST_INTERVAL_MS);
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`The worker did not shut down cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, stop);
}

try {
  await work();
} catch (error) {
  const reason = error instanceof SettingsError ? error.message : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
