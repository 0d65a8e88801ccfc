import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ToolError } from '../tool.js';
import type { SandboxAnswer, SandboxRequest } from './sandbox-protocol.js';
import { SandboxThread } from './sandbox-thread.js';

/** Limits of one call of generated code; see docs/tools.md. */
export const SANDBOX_LIMITS = {
  time_limit_ms: 2_000,
  memory_limit_bytes: 32 * 1024 * 1024,
  output_limit_bytes: 256 * 1024,
} as const;

const THREADS = 2;
const WAITING_LIMIT = 64;
const IDLE_MS = 60_000;

export interface CodeCall {
  /** For messages. */
  name: string;
  source: string;
  input: unknown;
  /** The moment that the code sees as now. */
  now: Date;
  signal?: AbortSignal;
}

/**
 * Runs generated code in threads of its own, so that a loop in it holds up nobody: at most two at a time, others wait.
 * Threads start with the first call and end after a minute without one.
 */
@Injectable()
export class Sandbox implements OnApplicationShutdown {
  private readonly idle: SandboxThread[] = [];
  private readonly busy = new Set<SandboxThread>();
  private readonly waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** The JSON value that `run(input)` returned. Throws {@link ToolError} that says what went wrong. */
  async run({ name, source, input, now, signal }: CodeCall): Promise<unknown> {
    const request: SandboxRequest = {
      ...SANDBOX_LIMITS,
      source,
      input: JSON.stringify(input ?? null),
      now_ms: now.getTime(),
    };
    const answer = await this.withThread(name, (thread) => thread.run(request, signal));
    if ('failure' in answer) throw new ToolError(messageOf(name, answer));
    return JSON.parse(answer.output) as unknown;
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all([...this.idle.splice(0), ...this.busy].map((thread) => thread.kill()));
  }

  private async withThread(
    name: string,
    work: (thread: SandboxThread) => Promise<SandboxAnswer>,
  ): Promise<SandboxAnswer> {
    if (this.busy.size >= THREADS) await this.turn(name);
    const thread = this.takeIdle() ?? new SandboxThread();
    this.busy.add(thread);
    try {
      return await work(thread);
    } finally {
      this.busy.delete(thread);
      if (thread.isAlive) this.idle.push(thread);
      this.waiting.shift()?.();
      this.endIdleLater();
    }
  }

  private turn(name: string): Promise<void> {
    if (this.waiting.length >= WAITING_LIMIT)
      throw new ToolError(`${name} cannot run now: too many tools are waiting. Try again in a moment.`);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private takeIdle(): SandboxThread | undefined {
    for (let thread = this.idle.pop(); thread; thread = this.idle.pop()) if (thread.isAlive) return thread;
    return undefined;
  }

  private endIdleLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const thread of this.idle.splice(0)) void thread.kill();
    }, IDLE_MS);
    this.timer.unref();
  }
}

function messageOf(name: string, answer: Extract<SandboxAnswer, { failure: string }>): string {
  switch (answer.failure) {
    case 'time':
      return `${name} failed: it did not finish within ${SANDBOX_LIMITS.time_limit_ms / 1000} seconds.`;
    case 'memory':
      return `${name} failed: it needs more than ${SANDBOX_LIMITS.memory_limit_bytes / 1024 / 1024} MB of memory.`;
    case 'output':
    case 'error':
      return `${name} failed: ${answer.message}.`;
  }
}
