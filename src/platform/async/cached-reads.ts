import { LRUCache } from 'lru-cache';

interface Entry {
  readonly begun: number;
  readonly value: Promise<unknown>;
  /** The read that replaces this one. */
  next?: Promise<unknown>;
}

export interface CachedReadsOptions {
  /** A value younger than this is served without a read, in milliseconds. */
  fresh_ms: number;
  /** Up to this age a value is served while the next one is read; then callers wait. Defaults to `fresh_ms`. */
  stale_ms?: number;
  /** How many keys are kept; the least recently used go first. Defaults to 1,000. */
  max?: number;
  /** Milliseconds. Defaults to a monotonic clock. */
  now?: () => number;
}

/** As lru-cache's `max`, which reserves the memory of all entries at once: this cache grows with its entries. */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });

/**
 * The platform's cache of what is read elsewhere. Callers of one key share one read. A missing value is cached too; a failed
 * read is not. Values are shared: never change them.
 *
 * Not lru-cache's own `fetch`: it cannot cache undefined, and deleting a key fails the callers that wait for it.
 */
export class CachedReads {
  private readonly entries: LRUCache<string, Entry>;
  private readonly fresh_ms: number;
  private readonly stale_ms: number;
  private readonly now: () => number;

  constructor({ fresh_ms, stale_ms = fresh_ms, max = 1_000, now = () => performance.now() }: CachedReadsOptions) {
    this.entries = new LRUCache(atMost(max));
    this.fresh_ms = fresh_ms;
    this.stale_ms = stale_ms;
    this.now = now;
  }

  /** @throws what `read` throws */
  read<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    const age = known ? this.now() - known.begun : Infinity;
    // The clock of a test, or of a machine, may go back.
    if (!known || age < 0 || age >= this.stale_ms) return this.begin(key, read).value as Promise<T>;
    if (age >= this.fresh_ms) this.renew(key, known, read);
    return known.value as Promise<T>;
  }

  /** The next read of the key goes to the source. Call it after a change is stored: a read that began earlier may be old. */
  forget(key: string): void {
    this.entries.delete(key);
  }

  private begin(key: string, read: () => Promise<unknown>): Entry {
    const entry: Entry = { begun: this.now(), value: read() };
    this.entries.set(key, entry);
    entry.value.catch(() => this.drop(key, entry));
    return entry;
  }

  /** The new value replaces the known one, unless that was forgotten or replaced meanwhile. */
  private renew(key: string, known: Entry, read: () => Promise<unknown>): void {
    if (known.next) return;
    const entry: Entry = { begun: this.now(), value: read() };
    known.next = entry.value;
    const takeOver = (): void => {
      if (this.entries.peek(key) === known) this.entries.set(key, entry);
    };
    entry.value.then(takeOver, () => this.drop(key, known));
  }

  private drop(key: string, entry: Entry): void {
    if (this.entries.peek(key) === entry) this.entries.delete(key);
  }
}
