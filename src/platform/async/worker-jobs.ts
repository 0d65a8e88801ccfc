/** What a worker can do, by name. Each entry loads its code and gives the function that does the work. */
export type WorkerJobs = Readonly<Record<string, () => Promise<(input: never) => unknown>>>;

type Work<J> = J extends () => Promise<infer W> ? W : never;
export type WorkerInput<J> = Work<J> extends (input: infer I) => unknown ? I : never;
export type WorkerOutput<J> = Work<J> extends (input: never) => infer O ? Awaited<O> : never;

/** Runs one job; `begun` is called once its code is loaded. */
export type Serve = (job: string, input: unknown, begun: () => void) => Promise<unknown>;

/** The default export of a module that runs in the processes of a `WorkerPool`. It and what it imports must not use decorators. */
export function serve(jobs: WorkerJobs): Serve {
  return async (job, input, begun) => {
    const load = jobs[job];
    if (!load) throw new Error(`There is no job "${job}"`);
    const work = await load();
    begun();
    return work(input as never);
  };
}
