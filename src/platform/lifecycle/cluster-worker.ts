import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { parse, join } from 'node:path';

const RETIRE = 'retire';

/** One of several processes that share the port, seen from the primary. */
export class ClusterWorker {
  private readonly startedAt = performance.now();
  private readonly worker: Worker;
  /** Resolves when the process has ended, with what ended it. */
  readonly ended: Promise<string>;
  /** Resolves with true when it takes requests, with false when it ends before. */
  readonly listening: Promise<boolean>;

  /** @param slot small number that no other living worker has: a log file is one process's own */
  constructor(
    readonly slot: number,
    logFile: string | undefined,
  ) {
    this.worker = cluster.fork(logFile === undefined ? {} : { LOG_FILE: ownFile(logFile, slot) });
    this.ended = once(this.worker, 'exit').then(([code, signal]: (number | string | null)[]) =>
      signal ? `was ended by ${signal}` : `ended with code ${code}`,
    );
    const listens = once(this.worker, 'listening').then(() => true);
    this.listening = Promise.race([listens, this.ended.then(() => false)]);
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  get lived_ms(): number {
    return performance.now() - this.startedAt;
  }

  /** Tells it that its successor already listens: it drains and ends. */
  retire(): void {
    if (this.worker.isConnected()) this.worker.send(RETIRE);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.worker.process.kill(signal);
  }
}

/** Calls back when the primary retires this process. Never, in a process without a primary. */
export function onRetirement(leave: () => void): void {
  if (cluster.isWorker) process.on('message', (message) => message === RETIRE && leave());
}

/** `logs/nexus.log` of worker 2 is `logs/nexus-2.log`. */
function ownFile(file: string, slot: number): string {
  const { dir, name, ext } = parse(file);
  return join(dir, `${name}-${slot}${ext}`);
}
