import { parseArgs } from 'node:util';

const NOT_UNDERSTOOD = 2;

/**
 * Reads the arguments of a command before it does anything. `--help` and `-h` print the usage and end the process with code 0;
 * an unknown option or too many words print a hint and end it with code 2.
 * @param options names of options without a value
 */
export function commandLine(
  usage: string,
  options: readonly string[] = [],
  words = 0,
): { words: string[]; has(option: string): boolean } {
  const flags = Object.fromEntries(options.map((name) => [name, { type: 'boolean' as const }]));
  try {
    const { values, positionals } = parseArgs({
      options: { ...flags, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      process.stdout.write(`${usage}\n`);
      process.exit(0);
    }
    if (positionals.length > words) throw new Error(`Unexpected argument '${positionals[words] ?? ''}'`);
    return { words: positionals, has: (option) => (values as Record<string, unknown>)[option] === true };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('. ');
    process.stderr.write(`${reason ?? ''}\n${usage}\n`);
    process.exit(NOT_UNDERSTOOD);
  }
}
