/**
 * Runs one task at a time. Callers that ask while it runs share the run after it, because the running one may already have
 * read past what the asker stored.
 */
export class SingleFlight {
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly task: () => Promise<void>) {}

  /** @returns when a run that began after this call has ended. Fails as the task fails. */
  run(): Promise<void> {
    if (this.next) return this.next;
    if (!this.running) return this.start();
    const begin = () => {
      this.next = undefined;
      return this.start();
    };
    this.next = this.running.then(begin, begin);
    return this.next;
  }

  private start(): Promise<void> {
    const run = this.task().finally(() => {
      this.running = undefined;
    });
    this.running = run;
    return run;
  }
}
