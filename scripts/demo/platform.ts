import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { config } from 'dotenv';
import { line, Waiting } from './screen.ts';

config({ quiet: true });

const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;
const LOOK_MS = 1_000;
/** As the platform's own default, so that `npm start` goes on with what the demo built. */
const DATA_DIRECTORY = process.env['NEXUS_DATA_DIR'] ?? '.nexus';
const LOG_FILE = join(DATA_DIRECTORY, 'demo.log');

/** A platform to show: one that runs already, or one that was started for the demo and is stopped with it. */
export interface Platform {
  url: string;
  isOurs: boolean;
  /** The port that `npm start` would not get. */
  busyPort?: number;
  /** The password is empty when it is not known. */
  administrator(): { email: string; password: string };
  /** One line about a language model that this machine could use. */
  modelOffer(): string | undefined;
  stop(): Promise<void>;
}

/** @throws Error with what the platform said, when it does not become ready. */
export async function findOrStartPlatform(
  wanted: number,
  pauseMs: number,
  settings: Record<string, string>,
): Promise<Platform> {
  const url = `http://127.0.0.1:${wanted}`;
  if (await isReady(url)) {
    stopWithUs(() => Promise.resolve());
    line(`Using Nexus at ${url}`);
    return { url, isOurs: false, administrator, modelOffer: () => undefined, stop: () => Promise.resolve() };
  }
  const port = await freePort(wanted);
  if (port !== wanted) line(`Port ${wanted} is in use by another program.`);
  line(`Starting Nexus on http://127.0.0.1:${port}, data in ${DATA_DIRECTORY}, log in ${LOG_FILE}`);
  const started = await startPlatform(port, pauseMs, settings);
  return port === wanted ? started : { ...started, busyPort: wanted };
}

/** As the environment says, else as the platform's first start in development has kept it. */
function administrator(): { email: string; password: string } {
  const { NEXUS_ADMIN_EMAIL: email = 'admin@nexus.local', NEXUS_ADMIN_PASSWORD: password } = process.env;
  if (password) return { email, password };
  try {
    return JSON.parse(readFileSync(join(DATA_DIRECTORY, 'sign-in.json'), 'utf8')) as {
      email: string;
      password: string;
    };
  } catch {
    return { email, password: '' };
  }
}

async function startPlatform(port: number, pauseMs: number, settings: Record<string, string>): Promise<Platform> {
  mkdirSync(DATA_DIRECTORY, { recursive: true });
  const log = createWriteStream(LOG_FILE);
  await once(log, 'open');
  const env = {
    ...process.env,
    NEXUS_DATA_DIR: DATA_DIRECTORY,
    API_PORT: String(port),
    API_HOST: '127.0.0.1',
    LOG_FORMAT: 'json',
    BUILD_STAGE_PAUSE_MS: String(pauseMs),
    ...settings,
  };
  // The channel ends with this process, however that dies, and the platform with the channel.
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', log, 'pipe', 'ipc'] });
  const stop = (): Promise<void> => stopChild(child);
  stopWithUs(stop);
  try {
    await untilReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, isOurs: true, administrator, modelOffer, stop };
}

/** Ctrl-C, a closed terminal and a reader that has left (`| head`) stop the platform first, then the demo. */
function stopWithUs(stop: () => Promise<void>): void {
  let isLeaving = false;
  const leave = (code: number, farewell: string): void => {
    if (isLeaving) return;
    isLeaving = true;
    process.exitCode = code;
    void stop().finally(() => {
      process.stderr.write(farewell);
      process.exit(code);
    });
  };
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
    process.on(signal, () => leave(code, '\nStopped.\n'));
  process.stdout.on('error', () => leave(0, ''));
}

/** The platform says so when it serves and its administrator exists. */
async function untilReady(child: ChildProcess): Promise<void> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const waiting = new Waiting('Starting');
  const isReady = await Promise.race([
    once(child, 'message').then(() => true),
    once(child, 'close').then(() => false),
    delay(READY_WITHIN_MS, false, { ref: false }),
  ]);
  waiting.end();
  if (isReady) return;
  if (child.exitCode === null)
    throw new Error(`Nexus was not ready after ${READY_WITHIN_MS / 1000} s; see ${LOG_FILE}`);
  throw new Error(complaint.trim() || `Nexus ended while starting; see ${LOG_FILE}`);
}

function modelOffer(): string | undefined {
  const entries = readFileSync(LOG_FILE, 'utf8')
    .split('\n')
    .filter((entry) => entry.includes('"logger":"ModelOffer"'));
  return entries.map((entry) => (JSON.parse(entry) as { msg: string }).msg)[0];
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = (await (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(LOOK_MS) })).json()) as {
      data?: { status?: string };
    };
    return answer.data?.status === 'ready';
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
