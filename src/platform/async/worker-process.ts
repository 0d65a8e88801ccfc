import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

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

export interface WorkerTask {
  job: string;
  input: unknown;
}

/** What a worker process says: that a job began, once its code is loaded, and how it ended. */
export type WorkerMessage = 'begun' | { output: unknown } | { error: string };

export interface WorkerRunOptions {
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

/**
 * One child process that runs one job at a time, without the environment of this process. It keeps this process alive only while a
 * job runs, and ends when this process does.
 */
export class WorkerProcess {
  private readonly child: ChildProcess;
  private running: RunningJob | undefined;
  private ended = false;

  constructor(module: URL, heap_mb: number) {
    const isSource = import.meta.url.endsWith('.ts');
    const host = new URL(isSource ? './worker-host.ts' : './worker-host.js', import.meta.url);
    this.child = fork(host, [isSource ? module.href.replace(/\.js$/, '.ts') : module.href], {
      env: {},
      execArgv: [
        '--no-warnings',
        `--max-old-space-size=${heap_mb}`,
        '--max-semi-space-size=8',
        `--stack-size=${STACK_KB}`,
        ...(isSource ? ['--import', new URL('./typescript-sources.ts', import.meta.url).href] : []),
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
