export interface OutboxOptions<Due> {
  /** How many due records one look reads and attempts together. */
  at_a_time: number;
  /** The due records, oldest first. */
  due: (limit: number) => Promise<Due[]>;
  /** @returns false when another process makes the attempt */
  attempt: (due: Due) => Promise<boolean>;
  /** A look failed; the next one tries again. */
  failed: (error: unknown) => void;
}

/**
 * Works off records that are due, in one pass at a time. Any number of processes may have an outbox over the same records: each
 * attempt claims its record first.
 */
export class Outbox<Due> {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;
  private isWanted = false;

  constructor(private readonly options: OutboxOptions<Due>) {}

  /** Aborted when the process stops, so that attempts can end. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Looks for due records this often, in seconds. The timer keeps no process alive. */
  pollEvery(seconds: number): void {
    this.timer = setInterval(() => this.kick(), seconds * 1000).unref();
  }

  /** Looks now instead of at the next poll. During a pass, it looks once more when the pass ends. */
  kick(): void {
    this.isWanted = true;
    if (this.signal.aborted) return;
    this.pass ??= this.workOff()
      .catch(this.options.failed)
      .finally(() => {
        this.pass = undefined;
        if (this.isWanted) this.kick();
      });
  }

  /** Ends the polling and resolves when the attempts that run have ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.pass;
  }

  private async workOff(): Promise<void> {
    const { at_a_time, due, attempt } = this.options;
    while (this.isWanted && !this.signal.aborted) {
      this.isWanted = false;
      const found = await due(at_a_time);
      const made = await Promise.all(found.map(attempt));
      // When nothing could be claimed, other processes attempt it or the index lags: the next poll is soon enough.
      if (made.some(Boolean) && found.length === at_a_time) this.isWanted = true;
    }
  }
}
