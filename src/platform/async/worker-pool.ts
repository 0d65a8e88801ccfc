import pLimit from 'p-limit';
import type { Piscina } from 'piscina';
import { lazily } from '../../shared/lazily.js';
import type { WorkerInput, WorkerJobs, WorkerOutput, WorkerTask } from './worker-jobs.js';

const IDLE_MS = 30_000;
/** Longest time for a thread to start and to load what a job needs, on a busy machine. */
const START_MS = 20_000;

const loadPiscina = lazily(() => import('piscina'));

export type WorkerFailure = 'time' | 'memory' | 'busy' | 'error';

/** A job gave no answer: it ran too long, needed too much memory, found no free place, or failed. */
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

export interface WorkerPoolOptions {
  /** The compiled module whose default export is `serve(jobs)`. From sources (tests), the `.ts` file beside it is used. */
  module: URL;
  /** Most threads, and so most jobs at one time. */
  threads: number;
  /** Most jobs that wait for a thread. One more is refused as busy. */
  waiting_max: number;
  /** JavaScript heap of one thread, in MB. */
  heap_mb: number;
}

export interface WorkerRunOptions {
  /** Longest run of the job, in milliseconds. Loading its code for the first time does not count. */
  deadline_ms: number;
  /** Ends the job with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs jobs that strangers can make slow or large, in threads that can be killed. A job that passes its deadline or its memory
 * limit ends with its thread; the event loop and the other jobs go on. Threads start with the first job and end after
 * 30 seconds without one. Jobs bound the size of what they return.
 */
export class WorkerPool<J extends WorkerJobs> {
  private readonly turns: ReturnType<typeof pLimit>;
  private readonly places: number[];
  /** When the job at each place began, in nanoseconds of the shared monotonic clock; 0 while its code is still loading. */
  private readonly begun: BigInt64Array;
  private pool: Piscina<WorkerTask, unknown> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    this.turns = pLimit(options.threads);
    this.places = Array.from({ length: options.threads }, (_, place) => place);
    this.begun = new BigInt64Array(new SharedArrayBuffer(options.threads * BigInt64Array.BYTES_PER_ELEMENT));
  }

  /** The job's answer. @throws WorkerError; the signal's reason when the caller went away */
  async run<N extends keyof J & string>(
    job: N,
    input: WorkerInput<J[N]>,
    options: WorkerRunOptions,
  ): Promise<WorkerOutput<J[N]>> {
    options.signal?.throwIfAborted();
    const { activeCount, pendingCount } = this.turns;
    if (activeCount + pendingCount >= this.options.threads + this.options.waiting_max)
      throw new WorkerError('busy', 'too many jobs are waiting');
    return (await this.turns(() => this.start(job, input, options))) as WorkerOutput<J[N]>;
  }

  /** Ends every thread; running jobs fail. */
  async close(): Promise<void> {
    const pool = this.pool;
    this.pool = undefined;
    await pool?.destroy();
  }

  private async start(job: string, input: unknown, { deadline_ms, signal }: WorkerRunOptions): Promise<unknown> {
    signal?.throwIfAborted();
    const pool = (this.pool ??= this.open(await loadPiscina()));
    const place = this.places.pop() ?? 0;
    Atomics.store(this.begun, place, 0n);
    const ending = new AbortController();
    const cancel = (): void => ending.abort();
    signal?.addEventListener('abort', cancel, { once: true });
    const stopWatch = this.watch(place, deadline_ms, cancel);
    try {
      return await pool.run({ job, input, place }, { signal: ending.signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw failureOf(error, ending.signal.aborted);
    } finally {
      stopWatch();
      signal?.removeEventListener('abort', cancel);
      this.places.push(place);
    }
  }

  /** Calls `end` when the job has run for its deadline, counted from the moment at which it began. */
  private watch(place: number, deadline_ms: number, end: () => void): () => void {
    const latest = performance.now() + START_MS;
    const look = (): void => {
      const begun = Atomics.load(this.begun, place);
      const left_ms =
        begun === 0n ? latest - performance.now() : deadline_ms - Number(process.hrtime.bigint() - begun) / 1e6;
      if (left_ms <= 0) end();
      else timer = setTimeout(look, Math.min(left_ms, deadline_ms) + 1);
    };
    let timer = setTimeout(look, deadline_ms);
    return () => clearTimeout(timer);
  }

  private open({ Piscina: Pool }: Awaited<ReturnType<typeof loadPiscina>>): Piscina<WorkerTask, unknown> {
    const { module, threads, heap_mb } = this.options;
    const isSource = import.meta.url.endsWith('.ts');
    const pool = new Pool<WorkerTask, unknown>({
      filename: isSource ? module.href.replace(/\.js$/, '.ts') : module.href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_MS,
      recordTiming: false,
      env: {},
      execArgv: [
        '--no-warnings',
        ...(isSource ? ['--import', new URL('./typescript-sources.ts', import.meta.url).href] : []),
      ],
      workerData: { begun: this.begun },
      resourceLimits: { maxOldGenerationSizeMb: heap_mb, maxYoungGenerationSizeMb: 16 },
    });
    // A thread that dies without a job has failed no caller; the next job starts another.
    pool.on('error', () => undefined);
    return pool;
  }
}

function failureOf(error: unknown, isLate: boolean): WorkerError {
  if (isLate) return new WorkerError('time', 'it ran too long', { cause: error });
  const { code, message } = error as Error & { code?: unknown };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new WorkerError('memory', 'it needs too much memory', { cause: error });
  return new WorkerError('error', message, { cause: error });
}
