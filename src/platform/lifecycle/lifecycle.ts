/** Whether this process takes new work. One object for the whole process; inject this class. */
export class Lifecycle {
  private isLeaving = false;
  private hasSuccessor = false;
  private readonly end = new AbortController();

  /** Answers now close their connections, so that clients come back to another process. */
  get isDraining(): boolean {
    return this.isLeaving;
  }

  /** What the readiness probe says. A process whose successor already listens on the same port does not take the port away. */
  get isOpen(): boolean {
    return !this.isLeaving || this.hasSuccessor;
  }

  /** Aborted when the draining is over: streams that can be resumed elsewhere end then. */
  get ending(): AbortSignal {
    return this.end.signal;
  }

  drain(hasSuccessor = false): void {
    this.isLeaving = true;
    this.hasSuccessor = hasSuccessor;
  }

  finish(): void {
    this.isLeaving = true;
    this.end.abort();
  }
}
