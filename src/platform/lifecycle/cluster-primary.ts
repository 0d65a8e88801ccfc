import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { parse, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import { RequestContext } from '../observability/request-context.js';
import { createRootLogger } from '../observability/logging/root-logger.js';

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

/** Beyond drain and grace, for the last writes of background work, before a worker is killed. */
const LAST_WRITES_SECONDS = 20;

/**
 * Supervises WEB_CONCURRENCY processes that share one port and does nothing else. One that crashes is started again, with
 * longer and longer pauses. SIGTERM and SIGINT let all of them leave; SIGHUP replaces them one by one, each only when its
 * successor takes requests.
 */
export class ClusterPrimary {
  private readonly workers = new Set<ClusterWorker>();
  private readonly backOff = new BackOff();
  private hasServed = false;
  private isStopping = false;
  private rolling: Promise<void> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly logger: Logger,
  ) {}

  /** Returns when the first workers listen. @throws Error when one of them does not come up. */
  async start(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => void this.stop());
    process.on('SIGHUP', () => void this.roll());
    const count = this.settings.get('WEB_CONCURRENCY');
    const first = Array.from({ length: count }, () => this.fork());
    const up = await Promise.all(first.map((worker) => worker.listening));
    if (this.isStopping) return;
    if (up.includes(false)) {
      for (const worker of this.workers) worker.signal('SIGTERM');
      throw new Error('a worker did not start; see its own message');
    }
    this.hasServed = true;
    this.logger.info({ msg: `${count} processes share port ${this.settings.get('API_PORT')}`, workers: this.pids() });
  }

  private fork(): ClusterWorker {
    const taken = new Set([...this.workers].map(({ slot }) => slot));
    let slot = 1;
    while (taken.has(slot)) slot += 1;
    const worker = new ClusterWorker(slot, this.settings.get('LOG_FILE'));
    this.workers.add(worker);
    void worker.ended.then((how) => this.replace(worker, how));
    return worker;
  }

  /** A worker that is to stop is removed from the set first. */
  private async replace(worker: ClusterWorker, how: string): Promise<void> {
    const isWanted = this.workers.delete(worker);
    if (!isWanted || !this.hasServed || this.isStopping || !this.isShort) return;
    const pause_ms = this.backOff.next(worker.lived_ms);
    this.logger.error({ msg: `worker ${worker.pid} ${how}; another starts in ${pause_ms} ms`, pause_ms });
    await delay(pause_ms);
    if (!this.isStopping && this.isShort) this.fork();
  }

  /** A second request joins the one in progress. */
  private roll(): Promise<void> {
    this.rolling ??= this.replaceAll().finally(() => (this.rolling = undefined));
    return this.rolling;
  }

  private async replaceAll(): Promise<void> {
    if (!this.hasServed) return;
    this.logger.info({ msg: 'rolling restart', workers: this.pids() });
    for (const old of [...this.workers]) {
      if (this.isStopping) return;
      const successor = this.fork();
      if (!(await successor.listening)) {
        this.logger.error({ msg: 'rolling restart aborted: a new process did not start; the old ones keep running' });
        return;
      }
      this.workers.delete(old);
      old.retire();
      await this.untilEnded([old]);
    }
    this.logger.info({ msg: 'rolling restart finished', workers: this.pids() });
  }

  private async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    const leaving = [...this.workers];
    for (const worker of leaving) worker.signal('SIGTERM');
    await this.untilEnded(leaving);
    await this.rolling;
    process.exit(0);
  }

  /** Kills who has not left in time. */
  private async untilEnded(workers: ClusterWorker[]): Promise<void> {
    const seconds =
      this.settings.get('SHUTDOWN_DRAIN_SECONDS') + this.settings.get('SHUTDOWN_GRACE_SECONDS') + LAST_WRITES_SECONDS;
    const patience = setTimeout(() => {
      for (const worker of workers) worker.signal('SIGKILL');
    }, seconds * 1000);
    await Promise.all(workers.map(({ ended }) => ended));
    clearTimeout(patience);
  }

  /** Not while a successor makes one more than there should be. */
  private get isShort(): boolean {
    return this.workers.size < this.settings.get('WEB_CONCURRENCY');
  }

  private pids(): (number | undefined)[] {
    return [...this.workers].map(({ pid }) => pid);
  }
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** What has run this long has recovered: the next crash begins with the shortest pause again. */
const RECOVERED_AFTER_MS = 60_000;

/** Pauses between restarts of what crashes: twice as long each time, up to 30 s. */
export class BackOff {
  private pause = FIRST_MS;

  /** @param lived_ms how long the one that crashed had run */
  next(lived_ms: number): number {
    if (lived_ms >= RECOVERED_AFTER_MS) this.pause = FIRST_MS;
    const now = this.pause;
    this.pause = Math.min(this.pause * 2, LONGEST_MS);
    return now;
  }
}

/** Starts WEB_CONCURRENCY processes that serve, and supervises them. */
export async function lead(settings: Settings): Promise<void> {
  const logger = await createRootLogger(settings, new RequestContext());
  await new ClusterPrimary(settings, logger.child({ logger: 'Cluster' })).start();
}
