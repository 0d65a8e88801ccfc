import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { configureApp } from './configure-app.js';
import { loadSettings, SettingsError } from './platform/config/load-settings.js';
import { RequestContext } from './platform/http/request-context.js';
import { nestLogger } from './platform/observability/logging/nest-logger.js';
import { createRootLogger } from './platform/observability/logging/root-logger.js';

async function start(): Promise<void> {
  const settings = loadSettings();
  const logger = nestLogger(await createRootLogger(settings, new RequestContext()));
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(settings), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  configureApp(app);
  const server = await app.listen(settings.get('API_PORT'), settings.get('API_HOST'));
  server.requestTimeout = settings.get('REQUEST_TIMEOUT_SECONDS') * 1000;
  const url = await app.getUrl();
  logger.log({
    msg: `Nexus is ready: ${url}/docs`,
    url,
    database: settings.get('NEXUS_DATABASE'),
    model_provider: settings.get('MODEL_PROVIDER'),
  });
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
