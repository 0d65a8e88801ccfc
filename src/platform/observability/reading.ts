import { setTimeout as delay } from 'node:timers/promises';

const FRESH_MS = 5_000;
const PATIENCE_MS = 1_500;

/** A value that costs something to read: read at most every 5 seconds, by one reader at a time. */
export class Reading<T> {
  private value: T | undefined;
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(private readonly read: () => Promise<T>) {}

  /** Undefined when the read failed or is not over within a second and a half. */
  async latest(): Promise<T | undefined> {
    if (performance.now() - this.readAt < FRESH_MS) return this.value;
    this.reading ??= this.refresh().finally(() => (this.reading = undefined));
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, 'late' as const, { signal: patience.signal, ref: false }).catch(() => undefined);
    const outcome = await Promise.race([this.reading, late]);
    patience.abort();
    return outcome === 'late' ? undefined : this.value;
  }

  private async refresh(): Promise<void> {
    try {
      this.value = await this.read();
    } catch {
      this.value = undefined;
    }
    this.readAt = performance.now();
  }
}
