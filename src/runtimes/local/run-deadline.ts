/** Its stack is never read: one serves every run. */
const OVER = new Error('The run is over');

/** Ends a run when the caller gives up or its time is over, and tells which of the two it was. */
export class RunDeadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly ended: Promise<never>;
  private cause: 'timeout' | 'cancelled' | undefined;

  constructor(
    timeoutSeconds: number,
    private readonly caller: AbortSignal | undefined,
  ) {
    this.ended = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason as Error), { once: true });
    });
    this.ended.catch(() => undefined);
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
  async within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.ended]);
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
