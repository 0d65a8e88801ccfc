import { DatabaseUnavailableError } from '../../../shared/domain-error.js';
import type { ReadRequest } from '../database-inputs.js';
import { identityOf, READ_BATCH_LIMIT } from './read-batch.js';

type Row = Record<string, unknown> | undefined;

interface Waiting {
  request: ReadRequest;
  readers: { resolve: (row: Row) => void; reject: (error: unknown) => void }[];
}

/**
 * Joins the reads of single records that are asked for in the same turn of the event loop, also by different requests, into
 * one BatchGetItem. A call of the AWS SDK costs several times as much as one more key in it, so under load this is what
 * carries the reads; a read that is alone goes out as it is.
 */
export class ReadCoalescer {
  private waiting = new Map<string, Waiting>();

  constructor(
    private readonly readOne: (request: ReadRequest) => Promise<Row>,
    private readonly readMany: (requests: ReadRequest[]) => Promise<Row[]>,
  ) {}

  read(request: ReadRequest): Promise<Row> {
    return new Promise((resolve, reject) => {
      const identity = identityOf(request.table, request.key);
      const known = this.waiting.get(identity);
      if (known) {
        known.readers.push({ resolve, reject });
        return;
      }
      if (this.waiting.size === 0) setImmediate(() => this.flush());
      this.waiting.set(identity, { request, readers: [{ resolve, reject }] });
    });
  }

  private flush(): void {
    const all = [...this.waiting.values()];
    this.waiting = new Map();
    for (let start = 0; start < all.length; start += READ_BATCH_LIMIT)
      void this.answer(all.slice(start, start + READ_BATCH_LIMIT));
  }

  private async answer(batch: Waiting[]): Promise<void> {
    const [first] = batch;
    if (batch.length === 1 && first) return this.answerOne(first);
    try {
      const rows = await this.readMany(batch.map(({ request }) => request));
      batch.forEach((waiting, index) => settle(waiting, rows[index]));
    } catch (error) {
      // One bad key (empty, or of an unknown table) makes DynamoDB refuse a whole batch; its neighbours must not suffer.
      if (!(error instanceof DatabaseUnavailableError))
        await Promise.all(batch.map((waiting) => this.answerOne(waiting)));
      else for (const waiting of batch) fail(waiting, error);
    }
  }

  private async answerOne(waiting: Waiting): Promise<void> {
    try {
      settle(waiting, await this.readOne(waiting.request));
    } catch (error) {
      fail(waiting, error);
    }
  }
}

/** Each reader gets a record of its own: none may see what another does to it. */
function settle({ readers }: Waiting, row: Row): void {
  readers.forEach((reader, index) => reader.resolve(index === 0 ? row : structuredClone(row)));
}

function fail({ readers }: Waiting, error: unknown): void {
  for (const reader of readers) reader.reject(error);
}
