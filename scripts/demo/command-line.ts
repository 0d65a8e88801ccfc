import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Api } from './api.ts';
import { bold, dim, line } from './screen.ts';

const PROGRAM = resolve(import.meta.dirname, '../../cli/dist/nexus.js');

/**
 * Runs a command of `nexus` and shows it. It is in a process group of its own, so that Ctrl-C reaches the demo alone, and ends with the
 * demo, however that dies, by its channel.
 * @param input lines for its standard input
 * @throws Error when it fails; it has said why
 */
export async function nexus(api: Api, words: string[], input: string[] = []): Promise<void> {
  line(`${dim('$')} ${bold(`nexus ${words.join(' ')}`)}`);
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    // The profiles of the person who runs the demo are not read.
    env: { ...process.env, ...api.environment(), XDG_CONFIG_HOME: resolve('.nexus/none') },
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const end = (): boolean => child.kill('SIGTERM');
  process.once('exit', end);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input.map((one) => `${one}\n`).join(''));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', end);
  if (code !== 0) throw new Error(`nexus ${words[0] ?? ''} ended with code ${code ?? 'none'}`);
}
