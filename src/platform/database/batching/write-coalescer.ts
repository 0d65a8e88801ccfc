import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import type { Key } from '../database-inputs.js';
import { identityOf } from './read-batch.js';

/** DynamoDB's limit of writes in one BatchWriteItem. */
export const WRITE_BATCH_LIMIT = 25;
/** While so many batches are under way the next one gathers: the busier the database, the fuller the batches. */
const BATCHES_UNDER_WAY = 2;

export interface Write {
  table: string;
  key: Key;
  item: Record<string, unknown>;
}

interface Waiting {
  write: Write;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Joins unconditional puts of different records, also of different requests, into one BatchWriteItem. A call of the AWS SDK
 * costs several times as much as one more item in it. A put that is alone goes out at once, as it is.
 */
export class WriteCoalescer {
  private readonly waiting: Waiting[] = [];
  /** Records that are being written: a second put of one waits, so that the later one is stored later. */
  private readonly busy = new Set<string>();
  private underWay = 0;
  private isScheduled = false;

  constructor(
    private readonly writeOne: (write: Write) => Promise<void>,
    private readonly writeMany: (writes: Write[]) => Promise<void>,
  ) {}

  /** Resolves when the record is stored. */
  put(write: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ write, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0 || this.underWay >= BATCHES_UNDER_WAY) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      const batch = this.next();
      if (batch.length === 0) return;
      this.underWay += 1;
      void this.store(batch).finally(() => {
        this.underWay -= 1;
        for (const { write } of batch) this.busy.delete(identityOf(write.table, write.key));
        this.schedule();
      });
      this.schedule();
    });
  }

  /** The longest waiting writes whose records are not being written. */
  private next(): Waiting[] {
    const batch: Waiting[] = [];
    for (let index = 0; index < this.waiting.length && batch.length < WRITE_BATCH_LIMIT;) {
      const candidate = this.waiting[index];
      if (!candidate) break;
      const identity = identityOf(candidate.write.table, candidate.write.key);
      if (this.busy.has(identity)) {
        index += 1;
        continue;
      }
      this.busy.add(identity);
      batch.push(candidate);
      this.waiting.splice(index, 1);
    }
    return batch;
  }

  private async store(batch: Waiting[]): Promise<void> {
    const [first] = batch;
    if (batch.length === 1 && first) return this.storeOne(first);
    try {
      await this.writeMany(batch.map(({ write }) => write));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // One bad item makes DynamoDB refuse a whole batch; its neighbours must not suffer. Puts may be repeated.
      if (error instanceof DatabaseUnavailableError) for (const { reject } of batch) reject(error);
      else await Promise.all(batch.map((waiting) => this.storeOne(waiting)));
    }
  }

  private async storeOne({ write, resolve, reject }: Waiting): Promise<void> {
    try {
      await this.writeOne(write);
      resolve();
    } catch (error) {
      reject(error);
    }
  }
}
