import { mkdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedDatabaseError, type EngineProgram, findEngine, freePort, LOOPBACK } from './engine-program.js';
import { Logger } from '@nestjs/common';

const LOCK_FILE = 'nexus.lock';
const HOLDER_FILE = 'nexus.pid';
const LOCKED = 'locked';

/**
 * Keeps a data directory to one process. It is a lock of the operating system, taken through SQLite because Node offers none
 * itself: it ends with the process however that dies, so locks are never stale, and a reused process id (common in
 * containers) cannot be mistaken for the holder.
 */
export class DataDirectoryLock {
  private constructor(
    private readonly file: DatabaseSync,
    private readonly holderFile: string,
  ) {}

  /** @throws EmbeddedDatabaseError naming the process that holds the directory */
  static take(directory: string): DataDirectoryLock {
    mkdirSync(directory, { recursive: true });
    const holderFile = join(directory, HOLDER_FILE);
    const file = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 });
    try {
      // In exclusive mode SQLite keeps the file locked after the transaction, until it is closed.
      file.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    } catch (error) {
      file.close();
      if ((error as Error).message.includes(LOCKED)) throw heldElsewhere(directory, holderFile, error);
      throw error;
    }
    writeFileSync(holderFile, `${process.pid}\n`);
    return new DataDirectoryLock(file, holderFile);
  }

  release(): void {
    rmSync(this.holderFile, { force: true });
    this.file.close();
  }
}

function heldElsewhere(directory: string, holderFile: string, cause: unknown): EmbeddedDatabaseError {
  const message =
    `The data directory ${directory} is in use by another Nexus process (pid ${holderOf(holderFile)}). ` +
    'Stop that process, or give this one a directory of its own with NEXUS_DATA_DIR.';
  return new EmbeddedDatabaseError(message, { cause });
}

function holderOf(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}

const ENGINE_FILE = 'engine.pid';
const EXIT_POLL_MS = 20;
const GRACE_MS = 3_000;

/**
 * Records in the data directory which process is its engine. A platform that is killed cannot stop its engine; the next one
 * does, before it starts its own on the same file. Only the holder of the directory's lock may use this.
 */
export class OrphanEngine {
  private readonly file: string;

  constructor(private readonly directory: string) {
    this.file = join(directory, ENGINE_FILE);
  }

  remember(pid: number | undefined): void {
    if (pid !== undefined) writeFileSync(this.file, `${pid}\n`);
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }

  /** Ends the engine that an earlier process left behind. @returns its process id, undefined when there was none. */
  async reap(): Promise<number | undefined> {
    const pid = this.recorded();
    if (pid === undefined || !this.isOurEngine(pid)) return undefined;
    process.kill(pid, 'SIGTERM');
    for (const deadline = performance.now() + GRACE_MS; this.isOurEngine(pid); await delay(EXIT_POLL_MS))
      if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
    return pid;
  }

  private recorded(): number | undefined {
    try {
      const pid = Number(readFileSync(this.file, 'utf8'));
      return Number.isInteger(pid) && pid > 1 ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  /** The id may have been reused: only a process whose command line names our directory is ours. */
  private isOurEngine(pid: number): boolean {
    try {
      return commandLine(pid).includes(this.directory);
    } catch {
      return false;
    }
  }
}

/** Empty or an error for a process that is gone. */
function commandLine(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
}

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5_000;
const ANSWER_DEADLINE_MS = 1_000;
const POLL_MS = 10;
const OUTPUT_KEPT = 2_000;

/** One run of a database program, from its start until it has ended. */
export class EngineProcess {
  private output = '';
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly program: EngineProgram,
    private readonly port: number,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        this.output += error.message;
        resolve();
      });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT)));
  }

  /** Resolves as soon as the program answers on the port. @throws EmbeddedDatabaseError with its last output */
  static async start(program: EngineProgram, port: number): Promise<EngineProcess> {
    const engine = new EngineProcess(program.spawn(port), program, port);
    // Every orderly end of this process also ends the engine.
    const killWithParent = () => void engine.child.kill();
    process.once('exit', killWithParent);
    void engine.ended.then(() => process.off('exit', killWithParent));
    if (await engine.becomesReady()) return engine;
    await engine.stop();
    throw new EmbeddedDatabaseError(
      `${program.name} did not start on port ${port}: ${engine.lastOutput || 'no output'}`,
    );
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get lastOutput(): string {
    return this.output.trim();
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Asks the program to end, and kills it after five seconds. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended;
    clearTimeout(force);
  }

  private async becomesReady(): Promise<boolean> {
    for (const deadline = performance.now() + START_DEADLINE_MS; this.isRunning && performance.now() < deadline;) {
      if (await this.answers()) return true;
      await Promise.race([this.ended, delay(POLL_MS)]);
    }
    return false;
  }

  private async answers(): Promise<boolean> {
    if (this.program.ready) return this.output.includes(this.program.ready);
    const status = await fetch(`http://${this.program.host}:${this.port}/`, {
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    }).then(
      (answer) => answer.status,
      () => undefined,
    );
    return status !== undefined && this.isRunning;
  }
}

const PORT_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 5_000;
/** An engine that has lived this long has recovered: the next crash starts with the shortest pause again. */
const HEALTHY_AFTER_MS = 10_000;

/**
 * The database for a single machine: a supervised child process on a loopback port, with its data in a directory that no second
 * platform can open meanwhile. After a crash it is restarted on the same port, so clients just reconnect.
 */
export class EmbeddedDatabase {
  private readonly logger = new Logger(EmbeddedDatabase.name);
  private readonly directory: string;
  private lock: DataDirectoryLock | undefined;
  private orphan: OrphanEngine | undefined;
  private engine: EngineProcess | undefined;
  private supervision: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();
  private host = LOOPBACK;
  private port = 0;

  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  get endpoint(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** Undefined while it is down between a crash and its restart. */
  get pid(): number | undefined {
    return this.engine?.isRunning ? this.engine.pid : undefined;
  }

  /** @throws EmbeddedDatabaseError when the directory is in use or no engine runs on this machine */
  async start(): Promise<void> {
    this.lock = DataDirectoryLock.take(this.directory);
    try {
      chmodSync(this.directory, 0o700);
      const program = await findEngine(this.directory);
      this.host = program.host;
      this.orphan = new OrphanEngine(this.directory);
      const reaped = await this.orphan.reap();
      if (reaped !== undefined)
        this.logger.warn(`Ended ${program.name} (pid ${reaped}), left behind by a platform that was killed`);
      this.engine = await this.startOnFreePort(program);
      this.orphan.remember(this.engine.pid);
      this.supervision = this.supervise(program, this.engine);
      this.logger.log(`${program.name} is listening on ${this.endpoint}, data in ${this.directory}`);
    } catch (error) {
      this.lock.release();
      throw error;
    }
  }

  /** Ends the engine and frees the directory. Safe to call twice, and when it was never started. */
  async stop(): Promise<void> {
    if (!this.lock || this.stopping.signal.aborted) return;
    this.stopping.abort();
    await this.engine?.stop();
    await this.supervision;
    this.orphan?.forget();
    this.lock.release();
  }

  private async startOnFreePort(program: EngineProgram): Promise<EngineProcess> {
    let failure: unknown;
    for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
      this.port = await freePort();
      try {
        return await EngineProcess.start(program, this.port);
      } catch (error) {
        failure = error;
      }
    }
    throw new EmbeddedDatabaseError(`The embedded database did not start. ${(failure as Error).message}`, {
      cause: failure,
    });
  }

  private async supervise(program: EngineProgram, first: EngineProcess): Promise<void> {
    const { signal } = this.stopping;
    let engine = first;
    let backoff = FIRST_BACKOFF_MS;
    for (let startedAt = performance.now(); ; startedAt = performance.now()) {
      await engine.ended;
      if (signal.aborted) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) backoff = FIRST_BACKOFF_MS;
      this.logger.error(`${program.name} ended unexpectedly; restarting it: ${engine.lastOutput}`);
      const restarted = await this.restart(program, () => (backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)));
      if (!restarted) return;
      engine = restarted;
    }
  }

  /** Tries until it runs; undefined when the platform stops meanwhile. */
  private async restart(program: EngineProgram, nextPause: () => number): Promise<EngineProcess | undefined> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await delay(nextPause(), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      try {
        const engine = await EngineProcess.start(program, this.port);
        this.engine = engine;
        if (signal.aborted) await engine.stop();
        else this.orphan?.remember(engine.pid);
        return engine;
      } catch (error) {
        this.logger.error(`The embedded database cannot start: ${(error as Error).message}`);
      }
    }
    return undefined;
  }
}
