import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';
/** Outgoing connections get ports from 32,768 on (Linux) or 49,152 on (elsewhere): below, none of them comes in between. */
const FROM = 10_000;
const TO = 32_768;
const ATTEMPTS = 100;

/**
 * A loopback port that was free a moment ago. Another server may take it first, so its user must be ready to ask again.
 * @throws Error when no port is found
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${FROM} and ${TO} was found on ${LOOPBACK}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
