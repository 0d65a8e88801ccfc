import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/database.js';

const COMMANDS = [
  ['dist/main.js', 'npm start'],
  ['dist/commands/migrate.js', 'npm run db:migrate'],
  ['dist/commands/backup.js', 'npm run backup'],
  ['dist/commands/operators.js', 'npm run operators'],
  ['dist/commands/admin.js', 'npm run admin'],
  ['dist/commands/rebuild-statistics.js', 'npm run statistics:rebuild'],
  ['dist/commands/openapi.js', 'npm run openapi'],
  ['dist/agent-server/main.js', 'npm run agent-server'],
  ['scripts/demo/demo.ts', 'npm run demo'],
  ['bench/bench.mjs', 'npm run bench'],
] as const;

function run(program: string, argument: string) {
  const directory = join(temporaryDirectory(), 'work');
  mkdirSync(directory);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', resolve(program), argument], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', NEXUS_DATA_DIR: join(directory, 'data') },
    encoding: 'utf8',
    timeout: 180_000,
  });
  return { status, stdout, stderr, made: readdirSync(directory) };
}

it.each([...COMMANDS.map(([program, name]) => [program, '--help', name]), ['dist/main.js', '-h', 'npm start']])(
  '%s %s prints the usage and does nothing else',
  (program, argument, name) => {
    expect(run(program, argument)).toEqual({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^Usage: ${name}`)) as unknown,
      stderr: '',
      made: [],
    });
  },
);

it.each(COMMANDS)('%s refuses an unknown option with a hint and does nothing else', (program, name) => {
  expect(run(program, '--nonsense')).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^Unknown (option|argument) '--nonsense'\nUsage: ${name}`)) as unknown,
    made: [],
  });
});
