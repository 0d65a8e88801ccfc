/** Lets a bounded number of runs in at a time, in the order of their arrival. */
export class RunSlots {
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(private readonly size: number) {}

  /** Waits for a slot, or until the signal: who was stopped while waiting goes on without one. @returns what gives it back. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return () => undefined;
    if (this.taken < this.size) return this.take();
    const isCalled = await new Promise<boolean>((resolve) => {
      const called = (): void => {
        signal.removeEventListener('abort', stopped);
        resolve(true);
      };
      const stopped = (): void => {
        this.waiting.splice(this.waiting.indexOf(called), 1);
        resolve(false);
      };
      signal.addEventListener('abort', stopped, { once: true });
      this.waiting.push(called);
    });
    return isCalled ? this.take() : () => undefined;
  }

  private take(): () => void {
    this.taken += 1;
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.taken -= 1;
      this.waiting.shift()?.();
    };
  }
}
