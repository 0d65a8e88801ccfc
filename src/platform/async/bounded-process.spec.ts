import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runBounded } from './bounded-process.js';

let cwd: string;
beforeEach(() => void (cwd = mkdtempSync(join(tmpdir(), 'bounded-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const shell = (script: string, more: { deadline_ms?: number; signal?: AbortSignal } = {}) =>
  runBounded({ command: '/bin/sh', args: ['-c', script], cwd, env: { ONLY: 'this' }, deadline_ms: 60_000, ...more });

/** Waits until a process is gone. */
async function gone(pid: number): Promise<boolean> {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(20)) {
    try {
      // A dead child of a dead parent may wait to be collected.
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return true;
    } catch {
      return true;
    }
  }
  return false;
}

async function pidOf(file: string): Promise<number> {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(20))
    if (existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')) return Number(readFileSync(file, 'utf8'));
  throw new Error('the program wrote no pid');
}

it('runs a program in its folder with the given environment only', async () => {
  await shell('echo "$ONLY-$HOME" > answer');
  expect(readFileSync(join(cwd, 'answer'), 'utf8')).toBe('this-\n');
});

it('says how a program failed, and when it is missing', async () => {
  await expect(shell('echo the reason >&2; exit 3')).rejects.toMatchObject({
    failure: 'failed',
    message: 'the reason',
  });
  const missing = runBounded({ command: join(cwd, 'none'), args: [], cwd, env: {}, deadline_ms: 60_000 });
  await expect(missing).rejects.toMatchObject({ failure: 'missing' });
});

it('kills a program with what it started, at the deadline and when the caller goes away', async () => {
  const stuck = "sh -c 'echo $$ > pid; while :; do sleep 1; done' & wait";
  await expect(shell(stuck, { deadline_ms: 1_500 })).rejects.toMatchObject({ failure: 'time' });
  expect(await gone(await pidOf(join(cwd, 'pid')))).toBe(true);
  rmSync(join(cwd, 'pid'));
  const caller = new AbortController();
  const running = shell(stuck, { signal: caller.signal });
  const pid = await pidOf(join(cwd, 'pid'));
  caller.abort(new Error('gone'));
  await expect(running).rejects.toThrow('gone');
  expect(await gone(pid)).toBe(true);
});
