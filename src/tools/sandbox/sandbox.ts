import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WorkerError, WorkerPool } from '../../platform/async/worker-pool.js';
import { ToolError } from '../tool.js';
import type { SandboxAnswer, sandboxJobs, SandboxRequest } from './sandbox.worker.js';

/** Limits of one call of generated code; see docs/tools.md. */
export const SANDBOX_LIMITS = {
  time_limit_ms: 2_000,
  memory_limit_bytes: 32 * 1024 * 1024,
  output_limit_bytes: 256 * 1024,
} as const;

/** What a call may take beyond its own limit before its process is killed: for code that no interrupt reaches. */
const GRACE_MS = 1_000;

export interface CodeCall {
  /** For messages. */
  name: string;
  source: string;
  input: unknown;
  /** The moment that the code sees as now. */
  now: Date;
  /** Whose share of the processes it uses. */
  org_id?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs generated code in processes of its own, so that a loop in it holds up nothing else: at most three calls at a time, two of one
 * organization, and at most 64 that wait.
 */
@Injectable()
export class Sandbox implements OnApplicationShutdown {
  private readonly pool = new WorkerPool<typeof sandboxJobs>({
    module: new URL('./sandbox.worker.js', import.meta.url),
    ...{ processes: 3, tenant_processes: 2, waiting_max: 64, heap_mb: 64 },
  });

  /** The JSON value that `run(input)` returned. Throws {@link ToolError} that says what went wrong. */
  async run({ name, source, input, now, ...caller }: CodeCall): Promise<unknown> {
    const request: SandboxRequest = {
      ...SANDBOX_LIMITS,
      source,
      input: JSON.stringify(input ?? null),
      now_ms: now.getTime(),
    };
    const answer = await this.answerTo(name, request, caller);
    if ('failure' in answer) throw new ToolError(messageOf(name, answer));
    return JSON.parse(answer.output) as unknown;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }

  private async answerTo(
    name: string,
    request: SandboxRequest,
    { org_id: tenant, signal }: Pick<CodeCall, 'org_id' | 'signal'>,
  ): Promise<SandboxAnswer> {
    try {
      const deadline_ms = request.time_limit_ms + GRACE_MS;
      return await this.pool.run('run', request, { deadline_ms, signal, tenant });
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure !== 'busy') return { failure: error.failure, message: error.message };
      throw new ToolError(`${name} cannot run now: too many tools are waiting. Try again in a moment.`, {
        cause: error,
      });
    }
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
