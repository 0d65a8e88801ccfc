import { workerData } from 'node:worker_threads';

/** What a thread can do, by name. Each entry loads its code and gives the function that does the work. */
export type WorkerJobs = Readonly<Record<string, () => Promise<(input: never) => unknown>>>;

type Work<J> = J extends () => Promise<infer W> ? W : never;
export type WorkerInput<J> = Work<J> extends (input: infer I) => unknown ? I : never;
export type WorkerOutput<J> = Work<J> extends (input: never) => infer O ? Awaited<O> : never;

/** What crosses into the thread for one job. */
export interface WorkerTask {
  job: string;
  input: unknown;
  /** Index at which the moment is noted at which the job begins. */
  place: number;
}

/** The default export of a module that runs in threads of a `WorkerPool`. It and what it imports must not use decorators. */
export function serve(jobs: WorkerJobs): (task: WorkerTask) => Promise<unknown> {
  const { begun } = (workerData ?? {}) as { begun?: BigInt64Array };
  return async ({ job, input, place }) => {
    const load = jobs[job];
    if (!load) throw new Error(`There is no job "${job}"`);
    const work = await load();
    if (begun) Atomics.store(begun, place, process.hrtime.bigint());
    return work(input as never);
  };
}
