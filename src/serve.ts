import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AppModule } from './app.module.js';
import { configureApp } from './configure-app.js';
import { FirstStartService } from './identity/accounts/first-start.service.js';
import { modelOffer } from './models/model-offer.js';
import { START_LINK_MINUTES, StartLink } from './identity/authentication/start-link.service.js';
import { Settings } from './platform/config/settings.js';
import { CONSOLE_PATH, hasConsole } from './platform/http/front-page.js';
import { RequestContext } from './platform/observability/request-context.js';
import { onRetirement } from './platform/lifecycle/cluster-primary.js';
import { nestLogger } from './platform/observability/logging/nest-logger.js';
import { createRootLogger } from './platform/observability/logging/root-logger.js';
import { Lifecycle } from './platform/lifecycle/lifecycle.js';

/**
 * Connections that may wait to be accepted; the system's own bound (4,096 on Linux) may be lower. With Node's 511 half of a
 * thousand callers who come at once would be left to knock again, for seconds.
 */
const BACKLOG = 4_096;

/** Serves the platform from this process until a signal stops it. */
export async function serve(settings: Settings): Promise<void> {
  const running: { app?: NestExpressApplication } = {};
  stopOnSignals(running);
  const logger = nestLogger(await createRootLogger(settings, new RequestContext()));
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(settings), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  configureApp(app);
  await app.init();
  releaseStartMemory();
  // Nest passes what follows the host on to the server, though its types do not say so.
  const listen = app.listen.bind(app) as unknown as (port: number, host: string, backlog: number) => Promise<Server>;
  const server = await listen(settings.get('API_PORT'), settings.get('API_HOST'), BACKLOG);
  server.requestTimeout = settings.get('REQUEST_TIMEOUT_SECONDS') * 1000;
  server.keepAliveTimeout = settings.get('KEEP_ALIVE_SECONDS') * 1000;
  running.app = app;
  const url = await app.getUrl();
  logger.log({
    msg: `Nexus is ready: ${url}/docs`,
    url,
    database: settings.get('NEXUS_DATABASE'),
    model_provider: settings.get('MODEL_PROVIDER'),
  });
  const offer = cluster.isWorker ? undefined : await modelOffer(settings);
  if (offer !== undefined) logger.log(offer, 'ModelOffer');
  await app.get(FirstStartService).whenServing();
  if (hasConsole(settings) && !cluster.isWorker) await printConsole(app, url);
  // The demo waits for it, as PM2 does.
  if (!cluster.isWorker) process.send?.('ready');
}

/**
 * What only the start needed would otherwise stay for as long as nothing is asked of the platform. Takes a fraction of a second. Compiled
 * code is kept: a process without it answers its first requests so slowly that it loses its readiness under load.
 */
function releaseStartMemory(): void {
  setFlagsFromString('--expose-gc');
  setFlagsFromString('--no-flush-bytecode');
  const collect = runInNewContext('gc') as NonNullable<typeof gc>;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setFlagsFromString('--flush-bytecode');
}

/** To the terminal alone: the code of the link signs in, so it must not get into log files. */
async function printConsole(app: NestExpressApplication, url: string): Promise<void> {
  const code = await app.get(StartLink).issue();
  const link = code === undefined ? '' : `#sign-in=${code}`;
  const note = code === undefined ? '' : `  (signs you in once, within ${START_LINK_MINUTES} minutes)`;
  process.stderr.write(`Console: ${url}${CONSOLE_PATH}${link}${note}\n`);
}

/** As the first process of a container it has no default handlers, so that a signal must be heard from the very start. */
function stopOnSignals(running: { app?: NestExpressApplication }): void {
  let isStopping = false;
  const stop = (hasSuccessor = false): void => {
    if (isStopping) return;
    isStopping = true;
    if (!running.app) process.exit(0);
    stopGracefully(running.app, hasSuccessor).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`Nexus did not shut down cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => stop());
  // To a process of several this means a rolling restart, which the primary leads.
  process.on('SIGHUP', () => cluster.isWorker || stop());
  onRetirement(() => stop(true));
  // A parent that started it with a channel, such as the demo, takes it along however that parent dies.
  if (!cluster.isWorker) process.once('disconnect', () => stop());
}

/** How often connections that have become idle are looked for once nothing new is taken. */
const SWEEP_MS = 50;

/**
 * Ends the platform without failing a request. First it only says that it leaves: readiness turns to 503, each answer closes
 * its connection, and late requests are served, for SHUTDOWN_DRAIN_SECONDS, until the load balancer has noticed. Then it
 * takes nothing new and lets what runs end, for SHUTDOWN_GRACE_SECONDS; what runs still then is cut off.
 * @param hasSuccessor another process listens on the same port already, so readiness stays
 */
async function stopGracefully(app: NestExpressApplication, hasSuccessor: boolean): Promise<void> {
  const [settings, lifecycle] = [app.get(Settings), app.get(Lifecycle)];
  lifecycle.drain(hasSuccessor);
  await delay(settings.get('SHUTDOWN_DRAIN_SECONDS') * 1000);
  lifecycle.finish();
  const server = app.getHttpServer();
  const patience = setTimeout(() => server.closeAllConnections(), settings.get('SHUTDOWN_GRACE_SECONDS') * 1000);
  // A connection whose answer began before the draining stays open after it, and would be waited for.
  const sweep = setInterval(() => !server.listening && server.closeIdleConnections(), SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(patience);
    clearInterval(sweep);
  }
}
