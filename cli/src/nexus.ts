#!/usr/bin/env node
import { CommanderError } from 'commander';
import { complete } from './completion.js';
import { EXIT, exitCodeOf, recordOf, textOf } from './failure.js';
import { nexusProgram } from './program.js';
import { Interrupted, type Shell } from './shell.js';

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

async function main(): Promise<void> {
  const words = argv.slice(2);
  const program = nexusProgram({ env, stdin, stdout, stderr }, (started) => (shell = started));
  if (words[0] === '__complete') {
    stdout.write(await complete(program, words.slice(2), { env, stdin, stdout, stderr }));
    return;
  }
  if (words.length === 0) program.outputHelp();
  else await program.parseAsync(argv);
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

try {
  await main();
} catch (error) {
  if (error instanceof Interrupted) {
    stderr.write('\n');
    process.exitCode = EXIT.interrupted;
  } else {
    // Commander has printed its own errors.
    if (!(error instanceof CommanderError))
      stderr.write(
        shell?.screen.format === 'json' ? `${JSON.stringify({ error: recordOf(error) })}\n` : `${textOf(error)}\n`,
      );
    process.exitCode = exitCodeOf(error);
  }
}
