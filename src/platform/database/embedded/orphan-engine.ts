import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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
    for (const deadline = Date.now() + GRACE_MS; this.isOurEngine(pid); await delay(POLL_MS))
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
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
