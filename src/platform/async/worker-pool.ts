import { setImmediate as turn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { WorkerInput, WorkerJobs, WorkerOutput } from './worker-jobs.js';
import { WorkerError, WorkerProcess, type WorkerRunOptions } from './worker-process.js';

export { WorkerError, type WorkerFailure, type WorkerRunOptions } from './worker-process.js';

const IDLE_MS = 5 * 60_000;
/** A start holds the event loop for 10 to 40 ms, so other work gets its turn between two of them. */
const starts = pLimit(1);

export interface WorkerPoolOptions {
  /** The compiled module whose default export is `serve(jobs)`. From sources (tests), the `.ts` file beside it is used. */
  module: URL;
  /** Most processes, and so most jobs at one time. */
  processes: number;
  /** Most jobs that wait for a process. One more is refused as busy. */
  waiting_max: number;
  /** JavaScript heap of one process, in MB. */
  heap_mb: number;
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
 * single operation overfills the heap of a thread. They start with the first job and end after five minutes without one. Jobs
 * bound the size of what they return. With `tenant_processes`, one tenant never holds all processes: a job of another one starts at once,
 * however many jobs of the first wait.
 */
export class WorkerPool<J extends WorkerJobs> {
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
    for (const { timer } of this.idle.splice(0)) clearTimeout(timer);
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
      const worker = new WorkerProcess(this.options.module, this.options.heap_mb);
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
      worker.end();
    }, IDLE_MS).unref();
    this.idle.push({ worker, timer, tenant });
  }
}
