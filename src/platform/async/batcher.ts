import { DatabaseUnavailableError } from '../../shared/domain-error.js';

export interface BatcherOptions<I, O> {
  /** The most items of one call. */
  limit: number;
  /** The most calls at once; what comes meanwhile gathers for the next. */
  at_once: number;
  /** Waits for the end of the event loop's turn, so that what comes in one turn shares a call. */
  gathers: boolean;
  /** Items with the same key are never in two calls at once: the later one is stored later. */
  keyOf?: (item: I) => string;
  /** Results in the order of the items. It must be safe to repeat, or do all or nothing. */
  many: (items: I[]) => Promise<O[] | void>;
  /** For an item that is alone. Defaults to `many`. */
  one?: (item: I) => Promise<O>;
}

interface Waiting<I, O> {
  item: I;
  resolve: (result: O) => void;
  reject: (error: unknown) => void;
}

/**
 * Joins what callers ask for at the same time, also in different requests, into few calls: the busier the database, the fuller
 * the calls (group commit, DeWitt et al. 1984). One call of the AWS SDK costs several times as much as one more item in it.
 * When a call is refused, each of its items is tried alone, so that only the bad one fails.
 */
export class Batcher<I, O> {
  private readonly waiting: Waiting<I, O>[] = [];
  private readonly busy = new Set<string>();
  private underWay = 0;
  private isScheduled = false;

  constructor(private readonly options: BatcherOptions<I, O>) {}

  /** @throws what the call throws for this item */
  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0) return;
    if (!this.options.gathers) return this.start();
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.start();
    });
  }

  private start(): void {
    while (this.underWay < this.options.at_once) {
      const batch = this.next();
      if (batch.length === 0) return;
      this.underWay += 1;
      void this.run(batch).finally(() => {
        this.underWay -= 1;
        if (this.options.keyOf) for (const { item } of batch) this.busy.delete(this.options.keyOf(item));
        this.schedule();
      });
    }
  }

  /** The items that wait longest, without those whose key is busy. */
  private next(): Waiting<I, O>[] {
    const { keyOf, limit } = this.options;
    if (!keyOf) return this.waiting.splice(0, limit);
    const batch: Waiting<I, O>[] = [];
    for (let index = 0; index < this.waiting.length && batch.length < limit;) {
      const candidate = this.waiting[index];
      if (!candidate) break;
      const key = keyOf(candidate.item);
      if (this.busy.has(key)) {
        index += 1;
        continue;
      }
      this.busy.add(key);
      batch.push(candidate);
      this.waiting.splice(index, 1);
    }
    return batch;
  }

  private async run(batch: Waiting<I, O>[]): Promise<void> {
    const [first] = batch;
    if (batch.length === 1 && first) return this.runAlone(first);
    try {
      const results = await this.options.many(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results?.[index] as O));
    } catch (error) {
      // What may have been stored without a confirmation is not sent again, and a database that is down is left alone.
      if (error instanceof DatabaseUnavailableError) for (const { reject } of batch) reject(error);
      else await Promise.all(batch.map((waiting) => this.runAlone(waiting)));
    }
  }

  private async runAlone({ item, resolve, reject }: Waiting<I, O>): Promise<void> {
    const { one, many } = this.options;
    try {
      resolve(one ? await one(item) : ((await many([item]))?.[0] as O));
    } catch (error) {
      reject(error);
    }
  }
}
