import { readFileSync } from 'node:fs';
import { complete } from './completion.js';
import { nexusProgram } from './program.js';
import type { World } from './shell.js';

// No platform is asked: the address refuses connections.
const world = {
  ...process,
  env: { XDG_CONFIG_HOME: '/nonexistent', NEXUS_URL: 'http://127.0.0.1:9' },
} as unknown as World;

const values = async (...words: string[]): Promise<string[]> =>
  (await complete(nexusProgram(world), words, world))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t', 1)[0] ?? '');

it.each([
  [['log'], ['login', 'logout']],
  [
    ['flows', 'app'],
    ['apply', 'approve'],
  ],
  [
    ['flows', 'dead-letters', ''],
    ['ls', 'replay', 'rm'],
  ],
  [
    ['agents', '-o', ''],
    ['table', 'json', 'yaml'],
  ],
  [['-o', 'json', 'integrations', 'cl'], ['client']],
  [['--json', 'flows', 'run', '--dry-run', 'flow_1', '--max'], ['--max-cost']],
  [
    ['integrations', 'client', 'int_1', '--language', ''],
    ['typescript', 'python', 'go'],
  ],
  [
    ['integrations', 'client', 'int_1', '--language=go', '--o'],
    ['--out', '--output'],
  ],
  [
    ['integrations', 'mock', 'int_1', 'o'],
    ['on', 'off'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['chat', 'proj_'], []],
  [['build', 'an agent', ''], []],
])('nexus %j is completed with %j', async (words, expected) => {
  expect(await values(...words)).toEqual(expected);
});

it('describes each candidate after a tab, on one line', async () => {
  expect(await complete(nexusProgram(world), ['buil'], world)).toBe('build\tbuild an agent from one paragraph\n');
});

it('every command has a description, takes the common options, and keeps -o for itself where it writes a file', () => {
  const program = nexusProgram(world);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(program.version()).toBe(version);
  const leaves = program.commands.flatMap((one) => (one.commands.length > 0 ? one.commands : [one]));
  expect(leaves.length).toBeGreaterThan(50);
  for (const { description, options } of leaves.map((one) => ({
    description: one.description(),
    options: one.options,
  }))) {
    expect(description).toMatch(/\.|\n/);
    const long = options.map((one) => one.long);
    for (const name of ['--output', '--json', '--profile', '--url', '--api-key', '--allow-http'])
      expect(long.filter((one) => one === name)).toHaveLength(1);
    expect(options.filter(({ short }) => short === '-o').length).toBe(1);
  }
});
