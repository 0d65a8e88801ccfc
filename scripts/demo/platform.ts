import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const LOG_FILE = '.nexus/demo.log';
/** The demo's own data, so that its administrator is known; it is kept from one demo to the next. */
export const DATA_DIRECTORY = process.env['NEXUS_DATA_DIR'] ?? '.nexus/demo';
const DEMO_PASSWORD = 'nexus demo, only here';

/** A platform to show: one that runs already, or one that was started for the demo and is stopped with it. */
export interface Platform {
  url: string;
  isOurs: boolean;
  /** The password is empty when it is not known: the platform runs already and the environment does not say. */
  administrator: { email: string; password: string };
  stop(): Promise<void>;
}

/** @throws Error with the log's place when the platform does not become ready. */
export async function findOrStartPlatform(
  port: number,
  pauseMs: number,
  settings: Record<string, string>,
): Promise<Platform> {
  const url = `http://127.0.0.1:${port}`;
  if (await isNexus(url)) return { url, isOurs: false, administrator: configured(), stop: () => Promise.resolve() };
  const free = await freePort(port);
  return startPlatform(free, pauseMs, settings);
}

function configured(): { email: string; password: string } {
  const { NEXUS_ADMIN_EMAIL, NEXUS_ADMIN_PASSWORD } = process.env;
  return { email: NEXUS_ADMIN_EMAIL ?? 'admin@nexus.local', password: NEXUS_ADMIN_PASSWORD ?? '' };
}

async function startPlatform(port: number, pauseMs: number, settings: Record<string, string>): Promise<Platform> {
  mkdirSync('.nexus', { recursive: true });
  const log = createWriteStream(LOG_FILE);
  await once(log, 'open');
  const { email, password } = configured();
  const administrator = { email, password: password || DEMO_PASSWORD };
  const env = {
    ...process.env,
    NEXUS_DATA_DIR: DATA_DIRECTORY,
    NEXUS_ADMIN_EMAIL: email,
    NEXUS_ADMIN_PASSWORD: administrator.password,
    API_PORT: String(port),
    API_HOST: '127.0.0.1',
    BUILD_STAGE_PAUSE_MS: String(pauseMs),
    ...settings,
  };
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', log, log] });
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(url, child);
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  return { url, isOurs: true, administrator, stop: () => stopChild(child) };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`Nexus ended while starting; its log is in ${LOG_FILE}`);
    if (await answers(`${url}/health/ready`)) return;
    await delay(100);
  }
  throw new Error(`Nexus was not ready after ${READY_WITHIN_MS / 1000} s; its log is in ${LOG_FILE}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

async function isNexus(url: string): Promise<boolean> {
  try {
    const answer = (await (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1_000) })).json()) as {
      data?: { status?: string };
    };
    return answer.data?.status === 'ready';
  } catch {
    return false;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

/** The wanted port, or any other when something else already listens there. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(wanted, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return freePort(0);
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : wanted;
}
