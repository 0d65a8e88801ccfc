import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedDatabaseError } from './embedded-database-error.js';

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
