import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SecretSearch } from './secrets-in-text.ts';

/**
 * After the last test: searches what the platforms under test have logged, at the most talkative level, for every secret that
 * the tests have used. The run fails when one is found, and the logs are kept then. See `test/support/suite-logs.ts`.
 */
export default class SecretScanReporter {
  private error: Error | undefined;

  onRunComplete(): void {
    const directory = process.env['NEXUS_TEST_LOGS'];
    if (directory === undefined) return;
    const read = (ending: string): [string, string][] =>
      readdirSync(directory)
        .filter((name) => name.endsWith(ending))
        .map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
    const secrets = read('.secrets').flatMap(([, lines]) => lines.split('\n').map((line) => unescaped(line)));
    const search = new SecretSearch(secrets);
    const logs = read('.log');
    const leaks = logs.flatMap(([name, text]) => search.in(text).map((secret) => `${name}: ${secret.slice(0, 12)}…`));
    const lines = logs.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
    const found = leaks.length === 0 ? 'none found' : `${leaks.length} found`;
    process.stdout.write(
      `\nSecrets in the logs of this run: ${found} (${logs.length} logs, ${lines} lines, ${search.size} forms looked for)\n`,
    );
    if (leaks.length === 0) {
      rmSync(directory, { recursive: true });
      return;
    }
    this.error = new Error(`Secrets were logged, see ${directory}`);
    process.stdout.write(`${this.error.message}\n${leaks.join('\n')}\n`);
  }

  /** Makes the run fail. */
  getLastError(): Error | undefined {
    return this.error;
  }
}

/** A line is a secret as JSON, or nothing. */
const unescaped = (line: string): string => (line === '' ? '' : (JSON.parse(line) as string));
