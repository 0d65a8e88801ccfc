interface Entry<T> {
  readonly read: Promise<T>;
  readonly begun: number;
}

/** Keys kept at once; beyond, the oldest go. */
const KEYS_LIMIT = 1_000;

/**
 * Answers that may be a moment old: callers within `fresh_ms` of a read share it, those at the same time too, so that a
 * thousand callers cost one read. A read that failed is not kept. Results are shared: never change them.
 */
export class FreshReads {
  private readonly entries = new Map<string, Entry<unknown>>();

  constructor(private readonly fresh_ms: number) {}

  read<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key) as Entry<T> | undefined;
    if (known && performance.now() - known.begun < this.fresh_ms) return known.read;
    const entry: Entry<T> = { read: read(), begun: performance.now() };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.read.catch(() => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
    });
    const [oldest] = this.entries.keys();
    if (this.entries.size > KEYS_LIMIT && oldest !== undefined) this.entries.delete(oldest);
    return entry.read;
  }

  /** What is read under this key from now on is read anew. */
  forget(key: string): void {
    this.entries.delete(key);
  }
}
