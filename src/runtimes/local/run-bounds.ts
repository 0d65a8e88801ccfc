import { addCost, addUsage, NO_USAGE, type Usage } from '../../shared/usage.js';
import type { AgentDefinition } from '../agent-definition.js';
import type { ModelUsage } from '../agent-runtime.js';

/** The tokens and the cost of one run by model. A run and the members of its team share one, so that bounds hold for all together. */
export class RunSpending {
  private readonly used = new Map<string, Usage>();

  /** @param costOf null when the price of the model is not known */
  constructor(
    private readonly costOf: (model: string, usage: Usage) => number | null,
    before: readonly ModelUsage[] = [],
  ) {
    for (const { model, input_tokens, output_tokens } of before) this.add(model, { input_tokens, output_tokens });
  }

  get usage(): Usage {
    return [...this.used.values()].reduce(addUsage, NO_USAGE);
  }

  /** Null when the price of a model is not known. */
  get cost_usd(): number | null {
    return [...this.used].reduce<number | null>((sum, [model, usage]) => addCost(sum, this.costOf(model, usage)), 0);
  }

  get models(): ModelUsage[] {
    return [...this.used].map(([model, usage]) => ({ model, ...usage }));
  }

  add(model: string, usage: Usage): void {
    this.used.set(model, addUsage(this.used.get(model) ?? NO_USAGE, usage));
  }

  isPriced(model: string): boolean {
    return this.costOf(model, NO_USAGE) !== null;
  }
}

/** How far the loop of one run may go: model calls, tokens, money. {@link RunDeadline} bounds its time. */
export class RunBounds {
  constructor(
    private readonly limits: AgentDefinition['limits'],
    private readonly spending: RunSpending,
    private readonly model: string,
  ) {}

  /** The bound in words, to follow "did not finish within"; undefined while another model call is allowed. */
  reached(modelCalls: number): string | undefined {
    const { usage, cost_usd } = this.spending;
    const { max_steps, max_total_tokens, max_cost_usd } = this.limits;
    if (modelCalls >= max_steps) return `${max_steps} steps`;
    if (max_total_tokens !== undefined && usage.input_tokens + usage.output_tokens >= max_total_tokens)
      return `${max_total_tokens} tokens`;
    if (max_cost_usd !== undefined && (cost_usd ?? 0) >= max_cost_usd) return `${max_cost_usd} US dollars`;
    return undefined;
  }

  /** A bound on cost that cannot be held, because the price of the model is unknown. */
  get isUnknowable(): boolean {
    return this.limits.max_cost_usd !== undefined && !this.spending.isPriced(this.model);
  }
}

/** Its stack is never read: one serves every run. */
const OVER = new Error('The run has ended');

/** Ends a run when the caller gives up or its time is over, and tells which of the two it was. */
export class RunDeadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** Ends each wait for work. */
  private readonly waits = new Set<(reason: Error) => void>();
  private cause: 'timeout' | 'cancelled' | undefined;

  constructor(
    timeoutSeconds: number,
    private readonly caller: AbortSignal | undefined,
  ) {
    this.signal.addEventListener('abort', () => this.waits.forEach((end) => end(this.signal.reason as Error)), {
      once: true,
    });
    this.timer = setTimeout(() => this.end('timeout'), timeoutSeconds * 1000);
    if (caller?.aborted) this.end('cancelled');
    else caller?.addEventListener('abort', this.cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Undefined while the run may go on. */
  get reached(): 'timeout' | 'cancelled' | undefined {
    return this.cause;
  }

  /** The work's result, or a rejection as soon as the run has ended, even when the work itself ignores the signal. */
  within<T>(work: PromiseLike<T>): Promise<T> {
    // Not `Promise.race`: what it leaves on the longer promise would grow with every part of a stream.
    return new Promise<T>((resolve, reject) => {
      if (this.signal.aborted) reject(this.signal.reason as Error);
      this.waits.add(reject);
      work.then(
        (value) => {
          this.waits.delete(reject);
          resolve(value);
        },
        (error: Error) => {
          this.waits.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** Frees the timer and stops whatever still runs. Safe to repeat. */
  close(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.cancel);
    if (!this.signal.aborted) this.controller.abort(OVER);
  }

  private readonly cancel = (): void => this.end('cancelled');

  private end(cause: 'timeout' | 'cancelled'): void {
    this.cause ??= cause;
    this.controller.abort(new Error(cause));
  }
}
