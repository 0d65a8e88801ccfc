import { jest } from '@jest/globals';
import { eventually } from '../../../test/support/http.js';
import { SourceProcesses } from '../../../test/support/kept-workers.js';
import { WorkerPool } from './worker-pool.js';
import type { testJobs } from '../../../test/support/worker-jobs.fixture.js';

const pool = new WorkerPool<typeof testJobs>({
  module: new URL('../../../test/support/worker-jobs.fixture.js', import.meta.url),
  processes: 2,
  waiting_max: 4,
  heap_mb: 32,
});
const soon = { deadline_ms: 200 };
const later = { deadline_ms: 5_000 };

const forTests = WorkerPool.processes;
beforeAll(() => {
  WorkerPool.processes = new SourceProcesses();
});
afterAll(async () => {
  await pool.close();
  WorkerPool.processes = forTests;
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const ended = (pid: number) =>
  eventually(
    async () => isRunning(pid),
    (runs) => !runs,
  );

describe('WorkerPool', () => {
  it('answers with what the job returns', async () => {
    expect(await pool.run('echo', { a: [1, 'é'] }, later)).toEqual({ a: [1, 'é'] });
  });

  it('passes on the message of a job that throws, and uses the process again', async () => {
    await expect(pool.run('fail', 'no such unit', later)).rejects.toMatchObject({
      name: 'WorkerError',
      failure: 'error',
      message: 'no such unit',
    });
    expect(await pool.run('echo', 1, later)).toBe(1);
  });

  it.each(['spin', 'explode'] as const)('kills "%s" at its deadline while the event loop goes on', async (job) => {
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 5);
    await expect(pool.run(job, null, soon)).rejects.toMatchObject({ failure: 'time' });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    expect(await pool.run('echo', 2, later)).toBe(2);
  });

  it.each(['grow', 'leap', 'double'] as const)(
    'ends "%s" at the memory limit and leaves the process alone',
    async (job) => {
      await expect(pool.run(job, null, { deadline_ms: 20_000 })).rejects.toMatchObject({ failure: 'memory' });
      expect(await pool.run('echo', 3, later)).toBe(3);
    },
  );

  it('fails a job whose process dies, and starts another process', async () => {
    await expect(pool.run('die', null, later)).rejects.toMatchObject({ failure: 'error' });
    expect(await pool.run('echo', 4, later)).toBe(4);
  });

  it('does not count the loading of a job towards its deadline', async () => {
    expect(await pool.run('loadSlowly', 21, { deadline_ms: 50 })).toBe(42);
  });

  if (process.platform === 'linux')
    it('lets a job go on after its deadline that got no CPU time', async () => {
      expect(await pool.run('rest', 600, soon)).toBe('timed-out');
    });

  if (process.platform === 'linux')
    it('does not end a job because the wall clock was set forward', async () => {
      let minutes = 0;
      const wallClock = jest.spyOn(Date, 'now').mockImplementation(() => (minutes += 1) * 60_000);
      try {
        expect(await pool.run('rest', 600, soon)).toBe('timed-out');
      } finally {
        wallClock.mockRestore();
      }
    });

  it('ends a process that has had no job for its idle time, and starts another for the next', async () => {
    const brief = new WorkerPool<typeof testJobs>({
      module: new URL('../../../test/support/worker-jobs.fixture.js', import.meta.url),
      ...{ processes: 1, waiting_max: 1, heap_mb: 32, idle_ms: 50 },
    });
    const first = await brief.run('pid', null, later);
    await ended(first);
    expect(await brief.run('pid', null, later)).not.toBe(first);
    await brief.close();
  });

  it('ends its processes when it is closed, idle ones too', async () => {
    const brief = new WorkerPool<typeof testJobs>({
      module: new URL('../../../test/support/worker-jobs.fixture.js', import.meta.url),
      ...{ processes: 2, waiting_max: 1, heap_mb: 32 },
    });
    const busy = brief.run('spin', null, later).catch((error: unknown) => error);
    const idle = await brief.run('pid', null, later);
    await brief.close();
    expect(await busy).toMatchObject({ name: 'WorkerError', message: 'the worker was closed' });
    await ended(idle);
  });

  it('gives processes none of the environment', async () => {
    expect(await pool.run('environment', null, later)).toEqual([]);
  });

  it('ends a job whose caller goes away with the reason of the caller', async () => {
    const caller = new AbortController();
    const job = pool.run('spin', null, { ...later, signal: caller.signal });
    setTimeout(() => caller.abort(new Error('gone')), 50);
    await expect(job).rejects.toThrow('gone');
    await expect(pool.run('echo', 5, { ...later, signal: caller.signal })).rejects.toThrow('gone');
  });

  it('never gives all processes to one tenant, however many of its jobs wait', async () => {
    const shared = new WorkerPool<typeof testJobs>({
      module: new URL('../../../test/support/worker-jobs.fixture.js', import.meta.url),
      ...{ processes: 2, tenant_processes: 1, waiting_max: 8, heap_mb: 32 },
    });
    let greedy_ended = 0;
    const greedy = Array.from({ length: 5 }, () =>
      shared.run('spin', null, { ...soon, tenant: 'greedy' }).catch(() => (greedy_ended += 1)),
    );
    await expect(shared.run('echo', 1, { ...soon, tenant: 'greedy' })).rejects.toMatchObject({ failure: 'busy' });
    expect(await shared.run('echo', 'modest', { ...later, tenant: 'modest' })).toBe('modest');
    // In the order of arrival it would wait for four of them.
    expect(greedy_ended).toBeLessThan(4);
    await Promise.all(greedy);
    expect(greedy_ended).toBe(5);
    await shared.close();
  });

  it('lets jobs wait for a process up to its limit and refuses the next as busy', async () => {
    const jobs = Array.from({ length: 6 }, (_, n) => pool.run(n < 2 ? 'spin' : 'echo', n as never, soon));
    const answers = Promise.allSettled(jobs);
    await expect(pool.run('echo', 7, soon)).rejects.toMatchObject({ failure: 'busy' });
    expect((await answers).map((one) => (one.status === 'fulfilled' ? one.value : 'ended'))).toEqual([
      'ended',
      'ended',
      2,
      3,
      4,
      5,
    ]);
  });
});
