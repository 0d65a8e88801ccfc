interface Entry {
  readonly begun: number;
  readonly read: Promise<unknown>;
  /** The read that takes its place while it still answers. */
  next?: Promise<unknown>;
}

/** Keys kept at once; beyond, the oldest go. */
const KEYS_LIMIT = 1_000;

/**
 * Answers that may be a moment old: all callers of a moment share one read, so that a thousand of them cost one. Half of the
 * time that an answer may be old it is simply given; in the other half it is given while the next one is read, so that nobody
 * waits as long as someone asks. A read that failed is not kept. Results are shared: never change them.
 */
export class FreshReads {
  private readonly entries = new Map<string, Entry>();

  /** @param now milliseconds that only grow; a test may hold them still. */
  constructor(
    private readonly oldest_ms: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  read<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    const age = known ? this.now() - known.begun : Number.POSITIVE_INFINITY;
    if (!known || age >= this.oldest_ms) return this.begin(key, read).read as Promise<T>;
    if (age >= this.oldest_ms / 2) this.renew(key, known, read);
    return known.read as Promise<T>;
  }

  /** Forgets the key: its next read goes to the source. */
  forget(key: string): void {
    this.entries.delete(key);
  }

  private begin(key: string, read: () => Promise<unknown>): Entry {
    const entry: Entry = { begun: this.now(), read: read() };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.read.catch(() => this.drop(key, entry));
    const [oldest] = this.entries.keys();
    if (this.entries.size > KEYS_LIMIT && oldest !== undefined) this.entries.delete(oldest);
    return entry;
  }

  /** Takes the place of what is known when it has come, unless that was forgotten or replaced meanwhile. */
  private renew(key: string, known: Entry, read: () => Promise<unknown>): void {
    if (known.next) return;
    const entry: Entry = { begun: this.now(), read: read() };
    known.next = entry.read;
    const takeOver = (): void => {
      if (this.entries.get(key) === known) this.entries.set(key, entry);
    };
    entry.read.then(takeOver, () => this.drop(key, known));
  }

  private drop(key: string, entry: Entry): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }
}
