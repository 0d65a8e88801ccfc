import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { freePort } from '../../src/platform/database/embedded/engine-program.js';
import { OPEN } from './database.js';
import { eventually, HttpClient } from './http.js';
import { readStreamsAs } from './sse.js';
import { noteSecrets, suiteLogLevel, withSuiteLog } from './suite-logs.js';

const READY_WITHIN_MS = 120_000;
/** Made on the first start on a database; the same for every process of it. */
export const ADMINISTRATOR = {
  NEXUS_ADMIN_EMAIL: 'admin@nexus.test',
  NEXUS_ADMIN_PASSWORD: 'an administrator of tests',
  NEXUS_BCRYPT_ROUNDS: '4',
};

/** The platform as a process of its own, from `dist/` (built by `npm test`), so that it can be killed. */
export class PlatformProcess {
  private constructor(
    private readonly anonymous: HttpClient,
    private readonly child: ChildProcess,
    /** Carries the token of the first administrator. */
    readonly http: HttpClient = anonymous,
  ) {}

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Asks for a rolling restart of its workers. */
  hangUp(): void {
    this.child.kill('SIGHUP');
  }

  /** @throws Error when it is not ready in time. */
  static async start(environment: Record<string, string>): Promise<PlatformProcess> {
    const port = await freePort();
    const address = { API_PORT: String(port), API_HOST: '127.0.0.1' };
    const { child, log } = spawned('dist/main.js', { ...ADMINISTRATOR, ...environment, ...address });
    const http = new HttpClient(`http://127.0.0.1:${port}`);
    const started = new PlatformProcess(http, child);
    try {
      await eventually(() => started.isReady(), Boolean, READY_WITHIN_MS);
      const administrator = await signedIn(http);
      readStreamsAs(administrator);
      return new PlatformProcess(http, child, administrator);
    } catch (error) {
      await started.kill('SIGKILL');
      throw new Error(`the platform did not start; it said: ${lastLines(log)}`, { cause: error });
    }
  }

  /** Ends the process, and with it whatever it was doing at this moment. @returns its exit code, null after a kill. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    return ended(this.child, signal);
  }

  private async isReady(): Promise<boolean> {
    if (this.child.exitCode !== null)
      throw new Error(`the platform ended with code ${this.child.exitCode} while starting`);
    try {
      return (await this.anonymous.raw('GET', '/health/ready')).status === 200;
    } catch {
      return false;
    }
  }
}

/** `npm run worker` as a process of its own, which drives durable runs and serves nothing. */
export class RunWorker {
  private constructor(
    private readonly child: ChildProcess,
    private readonly log: string | undefined,
  ) {}

  /** It need not be ready to be killed. */
  static start(environment: Record<string, string>): RunWorker {
    const { child, log } = spawned('dist/commands/worker.js', environment);
    return new RunWorker(child, log);
  }

  /** @throws Error with what it said last when it has ended by itself */
  expectAlive(): void {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null)
      throw new Error(`the worker ended with ${exitCode ?? signalCode}; it said: ${lastLines(this.log)}`);
  }

  /** @returns its exit code, null after a kill. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    return ended(this.child, signal);
  }
}

function spawned(file: string, environment: Record<string, string>): { child: ChildProcess; log: string | undefined } {
  const given = noteSecrets(environment);
  const env = { ...cleanEnvironment(), LOG_LEVEL: suiteLogLevel(), DYNAMODB_TIMEOUT_SECONDS: '20', ...given };
  return withSuiteLog('process', (output, log) => ({
    child: spawn(process.execPath, [file], { env, stdio: ['ignore', output, output] }),
    log,
  }));
}

async function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  const [code] = await exit;
  return code;
}

function lastLines(log: string | undefined): string {
  return log === undefined ? 'nothing' : readFileSync(log, 'utf8').split('\n').slice(-10).join('\n');
}

/** A client with the token of the first administrator, who may be made a moment after the platform is ready. */
async function signedIn(http: HttpClient): Promise<HttpClient> {
  const { NEXUS_ADMIN_EMAIL: email, NEXUS_ADMIN_PASSWORD: password } = ADMINISTRATOR;
  const { body } = await eventually(
    () => http.post('/api/v1/auth/login', { email, password }),
    ({ status }) => status === 200,
  );
  const { access_token } = body as unknown as { access_token: string };
  return new HttpClient(http.url, { authorization: `Bearer ${access_token}` });
}

/** Recounts the statistics on a stopped platform's data. @returns what the command printed. */
export function recountStatistics(environment: Record<string, string>): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/commands/rebuild-statistics.js', '--dry-run'], {
    env: { ...cleanEnvironment(), LOG_SLOW_QUERY_MS: '0', ...environment },
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { status, output: stdout + stderr };
}

/** Creates the tables of a database that the platform does not start itself. */
export function migrate(environment: Record<string, string>): void {
  const { status, stderr } = spawnSync(process.execPath, ['dist/commands/migrate.js'], {
    env: { ...cleanEnvironment(), ...environment },
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status !== 0) throw new Error(`the tables could not be created: ${stderr}`);
}

/** Nothing of the environment of the test run but what a process needs to run at all. */
function cleanEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'test',
    LOG_LEVEL: 'silent',
    // What is slow only on a busy machine is not logged.
    LOG_SLOW_QUERY_MS: '0',
    RATE_LIMIT_PER_MINUTE: '1000000',
    ...OPEN,
  };
}
