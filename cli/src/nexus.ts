#!/usr/bin/env node
import { EXIT } from './failure.js';
import { run } from './program.js';
import type { Shell } from './shell.js';

const { argv, env, stdin, stdout, stderr } = process;
let shell: Shell | undefined;
let isInterrupted = false;

/** Ends the process, unless the command goes on. The first Ctrl-C lets it say what goes on without it, a second one ends at once. */
async function interrupt(): Promise<void> {
  if (isInterrupted) process.exit(EXIT.interrupted);
  isInterrupted = true;
  isInterrupted = (await shell?.interrupted?.()) !== true;
  if (isInterrupted) process.exit(EXIT.interrupted);
}

// Keys in options are not for those who list processes.
process.title = 'nexus';
// `| head` has read enough.
for (const stream of [stdout, stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
process.on('SIGINT', () => void interrupt());
// A program that started this one over a channel takes it along.
if (process.channel) {
  process.once('disconnect', () => process.exit(EXIT.interrupted));
  process.channel.unref();
}
process.exitCode = await run(argv.slice(2), { env, stdin, stdout, stderr }, (started) => (shell = started));
