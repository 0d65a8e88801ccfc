import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WorkerError, WorkerPool } from '../platform/async/worker-pool.js';
import { InvalidStateError, RateLimitedError } from '../shared/domain-error.js';
import type { catalogueJobs, CatalogueTasks, ImportAnswer, ImportTask } from './catalogue.worker.js';

const MODULE = new URL('./catalogue.worker.js', import.meta.url);
/** Documents of 25 MB are legitimate: reading one takes seconds and twenty times its size. */
const READ_DEADLINE_MS = 30_000;
const READ_HEAP_MB = 1_024;
const ASK_DEADLINE_MS = 10_000;
const ASK_HEAP_MB = 512;

/** A stored catalogue: its key and how to get its content, compressed. */
export interface StoredCatalogue {
  key: string;
  content(): Promise<Uint8Array>;
}

/**
 * The processes in which documents are read and catalogues are looked at. Both may be megabytes of foreign text: none of it is
 * parsed in this process. Processes keep the catalogues that they were given, so only the first question sends one.
 */
@Injectable()
export class CatalogueWorkers implements OnApplicationShutdown {
  private readonly reading = new WorkerPool<typeof catalogueJobs>({
    module: MODULE,
    processes: 1,
    waiting_max: 20,
    heap_mb: READ_HEAP_MB,
  });
  private readonly asking = new WorkerPool<typeof catalogueJobs>({
    module: MODULE,
    processes: 2,
    waiting_max: 200,
    heap_mb: ASK_HEAP_MB,
  });

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.reading.close(), this.asking.close()]);
  }

  /** The document's catalogue, its faults, or the files it refers to. @throws RateLimitedError when too many are waiting */
  async read(task: ImportTask, signal?: AbortSignal): Promise<ImportAnswer> {
    try {
      return await this.reading.run('read', task, { deadline_ms: READ_DEADLINE_MS, signal });
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy') throw busy(error);
      const reason = {
        time: `takes longer than ${READ_DEADLINE_MS / 1_000} seconds to read`,
        memory: `needs more than ${READ_HEAP_MB} MB of memory to read`,
        error: `cannot be read: ${error.message}`,
      }[error.failure];
      return { faults: [{ pointer: '', line: null, column: null, message: reason }], total: 1 };
    }
  }

  /** Asks about one catalogue, or compares two. @throws RateLimitedError; InvalidStateError when it takes too long */
  async ask<N extends keyof CatalogueTasks>(
    task: N,
    catalogues: readonly StoredCatalogue[],
    args: Parameters<CatalogueTasks[N]>[1],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<CatalogueTasks[N]>>> {
    type Output = Awaited<ReturnType<CatalogueTasks[N]>>;
    const options = { deadline_ms: ASK_DEADLINE_MS, signal };
    const run = (sent: { key: string; content?: Uint8Array }[]) =>
      this.asking.run('ask', { task, args, catalogues: sent }, options);
    try {
      const first = await run(catalogues.map(({ key }) => ({ key })));
      if ('output' in first) return first.output as Output;
      const whole = await Promise.all(catalogues.map(async (one) => ({ key: one.key, content: await one.content() })));
      const second = await run(whole);
      if ('output' in second) return second.output as Output;
      throw new InvalidStateError("The integration's operations are too large to keep in memory", {
        details: { keys: second.missing },
        suggestion: 'Import a smaller document.',
      });
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.failure === 'busy') throw busy(error);
      throw new InvalidStateError(`The integration's operations could not be read: ${error.message}`, {
        suggestion: 'Send the request again. If it keeps failing, import a smaller document.',
        cause: error,
      });
    }
  }
}

const busy = (cause: WorkerError): RateLimitedError =>
  new RateLimitedError('Too many documents are being read', 5, { cause });
