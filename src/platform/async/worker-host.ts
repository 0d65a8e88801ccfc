/** What a worker process runs: the jobs of the module that is its first argument, one after the other. */
import { Worker } from 'node:worker_threads';
import type { Serve } from './worker-jobs.js';
import type { WorkerMessage, WorkerTask } from './worker-pool.js';

/** A job that never yields would outlive a platform that was killed: a thread watches for that and ends the whole process. */
new Worker(
  `const { workerData } = require('node:worker_threads');
   setInterval(() => process.ppid === workerData || process.kill(process.pid, 'SIGKILL'), 1_000);`,
  { eval: true, workerData: process.ppid, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 } },
).unref();

const say = (message: WorkerMessage): void => void process.send?.(message);
const { default: served } = (await import(process.argv[2] ?? '')) as { default: Serve };

process.on('disconnect', () => process.exit());
process.on('message', ({ job, input }: WorkerTask) => {
  served(job, input, () => say('begun')).then(
    (output) => say({ output }),
    (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
  );
});
