import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './engine-program.js';

const LOCK_FILE = 'nexus.lock';
const HOLDER_FILE = 'nexus.pid';
const LOCKED = 'locked';

/**
 * Keeps a data directory to one process. It is a lock of the operating system, taken through SQLite because Node offers none
 * itself: it ends with the process however that dies, so there is no stale lock to judge, and a process id that has been
 * given out again (the rule in containers) cannot be mistaken for the holder.
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
const POLL_MS = 20;
const GRACE_MS = 3_000;

/**
 * Remembers in the data directory which process is its engine. A platform that was killed outright could not stop it; the
 * next one does, before it starts its own on the same file. Only the holder of the directory's lock may use this.
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
    for (const deadline = performance.now() + GRACE_MS; this.isOurEngine(pid); await delay(POLL_MS))
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

  /** The id may have been given to another program since: only one whose command line names our directory is ours. */
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
