import { Worker } from 'node:worker_threads';
import type { SandboxAnswer, SandboxRequest } from './sandbox-protocol.js';

/** What a call may take beyond its own limit before its thread is killed: for code that no interrupt reaches. */
const GRACE_MS = 1_000;
/** Loading the engine, on a busy machine. */
const START_MS = 20_000;
const HEAP_LIMIT_MB = 64;

/** From source (tests) Node strips the types of the file; in the built platform it is JavaScript. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? './sandbox-worker.ts' : './sandbox-worker.js', import.meta.url);

/** One thread that runs one call at a time. Once killed, or dead by itself, it is of no further use. */
export class SandboxThread {
  isAlive = true;
  private readonly worker: Worker;
  private isWarm = false;

  constructor() {
    this.worker = new Worker(FILE, {
      execArgv: ['--no-warnings'],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
      // An engine that gives up prints why; the caller learns it from the answer.
      stdout: true,
      stderr: true,
    });
    this.worker.unref();
    this.worker.on('error', () => (this.isAlive = false));
    this.worker.on('exit', () => (this.isAlive = false));
  }

  /** Always resolves: also when the thread had to be killed. Rejects only with the signal's reason. */
  async run(request: SandboxRequest, signal?: AbortSignal): Promise<SandboxAnswer> {
    signal?.throwIfAborted();
    const limit = request.time_limit_ms + GRACE_MS + (this.isWarm ? 0 : START_MS);
    const watch = new AbortController();
    try {
      return await Promise.race([this.answer(request), ...this.endings(limit, signal, watch.signal)]);
    } finally {
      watch.abort();
    }
  }

  async kill(): Promise<void> {
    this.isAlive = false;
    await this.worker.terminate();
  }

  private answer(request: SandboxRequest): Promise<SandboxAnswer> {
    return new Promise((resolve) => {
      const finish = (answer: SandboxAnswer): void => {
        this.worker.off('exit', died);
        this.worker.off('message', answered);
        resolve(answer);
      };
      const died = (): void => finish({ failure: 'error', message: 'the sandbox ended before the tool answered' });
      const answered = (answer: SandboxAnswer): void => {
        this.isWarm = true;
        if (answer.is_spent) void this.kill();
        finish(answer);
      };
      this.worker.on('exit', died);
      this.worker.on('message', answered);
      this.worker.postMessage(request);
    });
  }

  private endings(limit: number, caller: AbortSignal | undefined, over: AbortSignal): Promise<SandboxAnswer>[] {
    const late = new Promise<SandboxAnswer>((resolve) => {
      const timer = setTimeout(() => {
        void this.kill();
        resolve({ failure: 'time', message: 'it ran too long' });
      }, limit);
      over.addEventListener('abort', () => clearTimeout(timer), { once: true });
    });
    if (!caller) return [late];
    const cancelled = new Promise<SandboxAnswer>((_, reject) => {
      const cancel = (): void => {
        void this.kill();
        reject(caller.reason as Error);
      };
      caller.addEventListener('abort', cancel, { once: true });
      over.addEventListener('abort', () => caller.removeEventListener('abort', cancel), { once: true });
    });
    return [late, cancelled];
  }
}
