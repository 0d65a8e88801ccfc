import type { NestExpressApplication } from '@nestjs/platform-express';
import { setTimeout as delay } from 'node:timers/promises';
import { Settings } from '../config/settings.js';
import { Lifecycle } from './lifecycle.js';

/** How often connections that have become idle are looked for once nothing new is taken. */
const SWEEP_MS = 50;

/**
 * Ends the platform without failing a request. First it only says that it leaves: readiness turns to 503, each answer closes
 * its connection, and late requests are served, for SHUTDOWN_DRAIN_SECONDS, until the load balancer has noticed. Then it
 * takes nothing new and lets what runs end, for SHUTDOWN_GRACE_SECONDS; what runs still then is cut off.
 * @param hasSuccessor another process listens on the same port already, so readiness stays
 */
export async function stopGracefully(app: NestExpressApplication, hasSuccessor: boolean): Promise<void> {
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
