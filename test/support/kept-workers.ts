/**
 * One test process opens and closes a hundred platforms, and a worker process takes half a second of CPU time to load. So one idle
 * process of each kind is kept for the next pool. The processes run sources.
 */
import { type WorkerKind, WorkerPool, WorkerProcess, WorkerProcesses } from '../../src/platform/async/worker-pool.js';

const SOURCES = ['--import', new URL('../../scripts/typescript-sources.ts', import.meta.url).href];

/** As shipped, apart from the sources: nothing is kept. */
export class SourceProcesses extends WorkerProcesses {
  override take(kind: WorkerKind): WorkerProcess {
    return new WorkerProcess(kind, SOURCES);
  }
}

class KeptProcesses extends SourceProcesses {
  private readonly kept = new Map<string, WorkerProcess>();

  override take(kind: WorkerKind): WorkerProcess {
    const name = nameOf(kind);
    const worker = this.kept.get(name);
    this.kept.delete(name);
    return worker?.isAlive ? worker : super.take(kind);
  }

  override leave(worker: WorkerProcess): void {
    const name = nameOf(worker.kind);
    if (this.kept.get(name)?.isAlive) super.leave(worker);
    else this.kept.set(name, worker);
  }
}

const nameOf = ({ module, heap_mb }: WorkerKind): string => `${module.href} ${heap_mb}`;

WorkerPool.processes = new KeptProcesses();
