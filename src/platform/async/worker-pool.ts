import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { WorkerInput, WorkerJobs, WorkerOutput } from './worker-jobs.js';

/** Longest time for a process to start and to load what a job needs, on a busy machine. */
const START_MS = 20_000;

/** Engines in WebAssembly recurse on this stack. Systems give a process 8 MB; without the option V8 takes 1 MB of it. */
const STACK_KB = 3_072;
/** How much longer than its deadline a job may run that gets no CPU time on a busy machine. */
const STARVED_MS = 30_000;
/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;
/** Nice value: where both want the same core, the event loop gets three times the time that a worker gets. */
const PRIORITY = 5;

type WorkerFailure = 'time' | 'memory' | 'busy' | 'error';

/** A job returned no result: it ran too long, used too much memory, found no free place, or failed. */
export class WorkerError extends Error {
  constructor(
    readonly failure: WorkerFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'WorkerError';
  }
}

export interface WorkerTask {
  job: string;
  input: unknown;
}

/** What a worker process says: that a job began, once its code is loaded, and how it ended. */
export type WorkerMessage = 'begun' | { output: unknown } | { error: string };

interface WorkerRunOptions {
  /**
   * Longest run of the job, in milliseconds. Loading its code for the first time does not count. Where the system tells how much
   * CPU time a process took (Linux), a job that got less than this goes on for up to 30 seconds.
   */
  deadline_ms: number;
  /** Ends the job with the signal's reason. */
  signal?: AbortSignal | undefined;
}

interface RunningJob {
  begun: () => void;
  resolve: (output: unknown) => void;
  reject: (error: unknown) => void;
}

/** Processes of the same kind are interchangeable. */
export interface WorkerKind {
  /** The compiled module whose default export is `serve(jobs)`. */
  module: URL;
  /** JavaScript heap of one process, in MB. */
  heap_mb: number;
}

/**
 * One child process that runs one job at a time, without the environment of this process. It keeps this process alive only while a
 * job runs, and ends when this process does.
 */
export class WorkerProcess {
  private readonly child: ChildProcess;
  private running: RunningJob | undefined;
  private ended = false;

  /** @param nodeOptions further command-line options of Node.js */
  constructor(
    readonly kind: WorkerKind,
    nodeOptions: readonly string[] = [],
  ) {
    this.child = fork(new URL('./worker-host.js', import.meta.url), [kind.module.href], {
      env: {},
      execArgv: [
        '--no-warnings',
        `--max-old-space-size=${kind.heap_mb}`,
        '--max-semi-space-size=8',
        `--stack-size=${STACK_KB}`,
        ...nodeOptions,
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    if (this.child.pid !== undefined) setPriority(this.child.pid, PRIORITY);
    this.child.on('message', (message) => this.hear(message as WorkerMessage));
    this.child.once('error', (error) => this.end(new WorkerError('error', error.message, { cause: error })));
    this.child.once('exit', (code, signal) => this.end(failureOf(code, signal)));
    this.hold(false);
  }

  /** False after the process was killed or died; it takes no more jobs. */
  get isAlive(): boolean {
    return !this.ended;
  }

  /** The job's answer. @throws WorkerError; the signal's reason when the caller went away. Both may end the process. */
  async run(task: WorkerTask, { deadline_ms, signal }: WorkerRunOptions): Promise<unknown> {
    const late = (): void => this.end(new WorkerError('time', 'it ran too long'));
    // An answer that has arrived while this process was busy is read before the job counts as late.
    const endSoon = (): void => void (timer = setTimeout(() => setImmediate(() => this.running === job && late()), 0));
    const endUnlessStarved = (since: { time: number; cpu_ms: number }): void => {
      const missing_ms = deadline_ms - (this.cpuTime() - since.cpu_ms);
      const left_ms = since.time + deadline_ms + STARVED_MS - performance.now();
      if (!(missing_ms > TICK_MS && left_ms > 0)) endSoon();
      else timer = setTimeout(() => endUnlessStarved(since), Math.min(missing_ms, left_ms));
    };
    let timer = setTimeout(endSoon, START_MS);
    let job: RunningJob | undefined;
    const abandon = (): void => this.end(signal?.reason);
    this.hold(true);
    try {
      return await new Promise((resolve, reject) => {
        const begun = (): void => {
          clearTimeout(timer);
          const since = { time: performance.now(), cpu_ms: this.cpuTime() };
          timer = setTimeout(() => endUnlessStarved(since), deadline_ms);
        };
        job = this.running = { begun, resolve, reject };
        signal?.addEventListener('abort', abandon, { once: true });
        this.child.send(task, (error) => error && this.end(new WorkerError('error', error.message, { cause: error })));
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
      this.running = undefined;
      this.hold(false);
    }
  }

  /** Kills the process. @param reason what a running job fails with */
  end(reason: unknown = new WorkerError('error', 'the worker was closed')): void {
    this.ended = true;
    this.child.kill('SIGKILL');
    this.running?.reject(reason);
  }

  /** CPU time of the process so far, in milliseconds; infinite where the system does not tell. */
  private cpuTime(): number {
    try {
      const fields =
        readFileSync(`/proc/${this.child.pid ?? 0}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    } catch {
      return Infinity;
    }
  }

  private hear(message: WorkerMessage): void {
    if (message === 'begun') this.running?.begun();
    else if ('output' in message) this.running?.resolve(message.output);
    else this.running?.reject(new WorkerError('error', message.error));
  }

  private hold(isBusy: boolean): void {
    if (isBusy) this.child.ref();
    else this.child.unref();
    if (isBusy) this.child.channel?.ref();
    else this.child.channel?.unref();
  }
}

/** V8 aborts a process whose heap is full; the kernel kills one when memory runs out. */
function failureOf(code: number | null, signal: NodeJS.Signals | null): WorkerError {
  if (signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGKILL')
    return new WorkerError('memory', 'it needs too much memory');
  return new WorkerError('error', `the worker ended with ${signal ?? `code ${code}`}`);
}

const IDLE_MS = 60_000;
/** A start blocks the event loop for 10 to 40 ms, so other work runs between two of them. */
const starts = pLimit(1);

/** Starts a process when a pool needs one, and ends it when the pool no longer does. */
export class WorkerProcesses {
  take(kind: WorkerKind): WorkerProcess {
    return new WorkerProcess(kind);
  }

  /** @param worker is idle, or has ended */
  leave(worker: WorkerProcess): void {
    worker.end();
  }
}

export interface WorkerPoolOptions extends WorkerKind {
  /** Most processes, and so most jobs at one time. */
  processes: number;
  /** Most jobs that wait for a process. One more is refused as busy. */
  waiting_max: number;
  /** A process ends after this time without a job; a minute by default. */
  idle_ms?: number;
  /** Most processes that the jobs of one tenant use at one time, and below `processes`. A tenant also gets only half of the waiting places. */
  tenant_processes?: number;
}

export interface PoolRunOptions extends WorkerRunOptions {
  /** Whose job it is. Jobs without a tenant are bounded by the pool alone. */
  tenant?: string | undefined;
}

/** The jobs of one tenant that run or wait. */
interface TenantQueue {
  turns: ReturnType<typeof pLimit>;
  jobs: number;
}

/**
 * Runs jobs that strangers can make slow or large, in processes that can be killed. A job that passes its deadline or its memory
 * limit ends with its process; the platform and the other jobs go on. They are processes because V8 aborts the whole process when a
 * single operation overfills the heap of a thread. They start with the first job and end after a minute without one. Jobs
 * bound the size of what they return. With `tenant_processes`, one tenant never holds all processes: a job of another one starts at once,
 * however many jobs of the first wait.
 */
export class WorkerPool<J extends WorkerJobs> {
  /** Where all pools of this process get their worker processes. */
  static processes = new WorkerProcesses();

  private readonly turns: ReturnType<typeof pLimit>;
  private readonly workers = new Set<WorkerProcess>();
  /** The last one that the tenant used is used next, so that what it keeps is found again. */
  private readonly idle: { worker: WorkerProcess; timer: NodeJS.Timeout; tenant: string | undefined }[] = [];
  private readonly tenants = new Map<string, TenantQueue>();
  private accepted = 0;

  constructor(private readonly options: WorkerPoolOptions) {
    this.turns = pLimit(options.processes);
  }

  /** The job's answer. @throws WorkerError; the signal's reason when the caller went away */
  async run<N extends keyof J & string>(
    job: N,
    input: WorkerInput<J[N]>,
    options: PoolRunOptions,
  ): Promise<WorkerOutput<J[N]>> {
    options.signal?.throwIfAborted();
    const { processes, waiting_max, tenant_processes } = this.options;
    if (this.accepted >= processes + waiting_max) throw new WorkerError('busy', 'too many jobs are waiting');
    const queue = this.queueOf(options.tenant);
    if (queue && queue.jobs >= (tenant_processes ?? processes) + Math.floor(waiting_max / 2))
      throw new WorkerError('busy', 'too many jobs of this tenant are waiting');
    const start = () => this.turns(() => this.start(job, input, options));
    this.accepted += 1;
    if (queue) queue.jobs += 1;
    try {
      return (await (queue ? queue.turns(start) : start())) as WorkerOutput<J[N]>;
    } finally {
      this.accepted -= 1;
      if (queue && (queue.jobs -= 1) === 0) this.tenants.delete(options.tenant ?? '');
    }
  }

  /** Ends every process; running jobs fail. */
  async close(): Promise<void> {
    for (const { timer, worker } of this.idle.splice(0)) {
      clearTimeout(timer);
      this.workers.delete(worker);
      WorkerPool.processes.leave(worker);
    }
    for (const worker of this.workers) worker.end();
    this.workers.clear();
  }

  private queueOf(tenant: string | undefined): TenantQueue | undefined {
    const { tenant_processes } = this.options;
    if (tenant === undefined || tenant_processes === undefined) return undefined;
    const queue = this.tenants.get(tenant) ?? { turns: pLimit(tenant_processes), jobs: 0 };
    this.tenants.set(tenant, queue);
    return queue;
  }

  private async start(job: string, input: unknown, options: PoolRunOptions): Promise<unknown> {
    options.signal?.throwIfAborted();
    const worker = await this.next(options.tenant);
    try {
      return await worker.run({ job, input }, options);
    } finally {
      if (worker.isAlive) this.rest(worker, options.tenant);
      else this.workers.delete(worker);
    }
  }

  private async next(tenant: string | undefined): Promise<WorkerProcess> {
    while (this.idle.length > 0) {
      const own = this.idle.findLastIndex((place) => place.tenant === tenant);
      const [place] = this.idle.splice(own, 1);
      if (!place) break;
      clearTimeout(place.timer);
      if (place.worker.isAlive) return place.worker;
      this.workers.delete(place.worker);
    }
    return starts(async () => {
      await turn();
      const worker = WorkerPool.processes.take(this.options);
      this.workers.add(worker);
      return worker;
    });
  }

  private rest(worker: WorkerProcess, tenant: string | undefined): void {
    const timer = setTimeout(() => {
      this.idle.splice(
        this.idle.findIndex((place) => place.worker === worker),
        1,
      );
      this.workers.delete(worker);
      WorkerPool.processes.leave(worker);
    }, this.options.idle_ms ?? IDLE_MS).unref();
    this.idle.push({ worker, timer, tenant });
  }
}
