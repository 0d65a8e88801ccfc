import { spawn } from 'node:child_process';

/** Characters of the output that are kept: its end, where programs say what went wrong. */
const OUTPUT_KEPT = 4_000;
/** Longest file that the program may write, in blocks of 512 bytes: 200 MB. */
const FILE_BLOCKS = 400_000;
const NOT_FOUND = 127;

export interface BoundedProcess {
  command: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment of the program. */
  env: Readonly<Record<string, string>>;
  deadline_ms: number;
  /** Address space; undefined for programs that bound their memory themselves. */
  memory_mb?: number;
  signal?: AbortSignal | undefined;
}

/** The program is missing, ran too long, or failed. The message contains the end of its output. */
export class BoundedProcessError extends Error {
  constructor(
    readonly failure: 'missing' | 'time' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'BoundedProcessError';
  }
}

/**
 * Runs a program with bounds for its time, its memory and the files that it writes. It is killed with every process that it started. CPU
 * time is bounded too, so that the program ends even if this process dies.
 * @throws BoundedProcessError; the signal's reason when the caller went away
 */
export async function runBounded(program: BoundedProcess): Promise<void> {
  const { command, args, cwd, env, deadline_ms, memory_mb, signal } = program;
  signal?.throwIfAborted();
  const limits = [
    `ulimit -f ${FILE_BLOCKS}`,
    `ulimit -t ${Math.ceil(deadline_ms / 1_000)}`,
    ...(memory_mb === undefined ? [] : [`ulimit -v ${memory_mb * 1_024}`]),
  ];
  const script = `${limits.map((limit) => `${limit} 2>/dev/null;`).join(' ')} exec "$@"`;
  // Its own process group, so that its children are killed with it.
  const child = spawn('/bin/sh', ['-c', script, 'sh', command, ...args], {
    ...{ cwd, env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-OUTPUT_KEPT)));
  let isLate = false;
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, deadline_ms);
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    if (isLate) throw new BoundedProcessError('time', `it ran longer than ${deadline_ms / 1_000} seconds`);
    if (code === NOT_FOUND) throw new BoundedProcessError('missing', output.trim());
    if (code !== 0) throw new BoundedProcessError('failed', output.trim() || 'it was killed');
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    kill();
  }
}
