import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '../../../shared/clock.js';
import { parseSettings } from '../../config/load-settings.js';
import { RotatingFile } from './rotating-file.js';

class FixedClock extends Clock {
  time = new Date(2026, 4, 31, 22, 59, 59);

  override now(): Date {
    return this.time;
  }
}

let directory: string;
let clock: FixedClock;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nexus-log-'));
  clock = new FixedClock();
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function openFile(settings: Record<string, string> = {}, name = 'nexus.log'): RotatingFile {
  return new RotatingFile(parseSettings({ ENVIRONMENT: 'test', ...settings }), join(directory, name), clock);
}

function files(): Record<string, string> {
  const names = readdirSync(directory).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

const line = (letter: string): string => `${letter.repeat(399)}\n`;

it('begins a new file before one would be larger than LOG_FILE_MAX_SIZE', () => {
  const file = openFile({ LOG_FILE_MAX_SIZE: '1k' });
  for (const letter of 'abcde') file.append(line(letter));
  expect(files()).toEqual({
    'nexus.1.log': line('a') + line('b'),
    'nexus.2.log': line('c') + line('d'),
    'nexus.3.log': line('e'),
  });
});

it('counts bytes, not characters', () => {
  const file = openFile({ LOG_FILE_MAX_SIZE: '1k' });
  file.append('ä'.repeat(300));
  file.append('ö'.repeat(300));
  expect(Object.keys(files())).toEqual(['nexus.1.log', 'nexus.2.log']);
});

it('keeps LOG_FILE_KEEP rotated files, counting those of earlier processes, and leaves other files alone', () => {
  for (const name of ['nexus.1.log', 'nexus.2.log', 'nexus-1.1.log', 'nexus.old.log', 'nexus.1.log.gz'])
    writeFileSync(join(directory, name), line('z'));
  const file = openFile({ LOG_FILE_MAX_SIZE: '1k', LOG_FILE_KEEP: '1' });
  for (const letter of 'abcd') file.append(line(letter));
  expect(Object.keys(files())).toEqual([
    'nexus-1.1.log',
    'nexus.1.log.gz',
    'nexus.3.log',
    'nexus.4.log',
    'nexus.old.log',
  ]);
  expect(files()['nexus.4.log']).toBe(line('d'));
});

it('appends to the newest file of earlier processes, in a folder that it creates', () => {
  openFile({}, 'logs/nexus').append('first\n');
  openFile({}, 'logs/nexus').append('second\n');
  expect(readdirSync(join(directory, 'logs'))).toEqual(['nexus.1']);
  expect(readFileSync(join(directory, 'logs', 'nexus.1'), 'utf8')).toBe('first\nsecond\n');
});

it.each([
  { LOG_FILE_FREQUENCY: 'hourly', sameUntil: new Date(2026, 4, 31, 22, 0, 0), next: new Date(2026, 4, 31, 23, 0, 0) },
  { LOG_FILE_FREQUENCY: 'daily', sameUntil: new Date(2026, 4, 31, 0, 0, 0), next: new Date(2026, 5, 1, 0, 0, 0) },
])('begins a new file $LOG_FILE_FREQUENCY', ({ LOG_FILE_FREQUENCY, sameUntil, next }) => {
  const file = openFile({ LOG_FILE_FREQUENCY });
  file.append('a\n');
  clock.time = sameUntil;
  file.append('b\n');
  clock.time = next;
  file.append('c\n');
  expect(files()).toEqual({ 'nexus.1.log': 'a\nb\n', 'nexus.2.log': 'c\n' });
});

it('begins a new file at the start when the newest is of an earlier day', () => {
  writeFileSync(join(directory, 'nexus.1.log'), 'yesterday\n');
  utimesSync(join(directory, 'nexus.1.log'), 0, new Date(2026, 4, 30, 23, 59, 59));
  openFile({ LOG_FILE_FREQUENCY: 'daily' }).append('today\n');
  expect(files()).toEqual({ 'nexus.1.log': 'yesterday\n', 'nexus.2.log': 'today\n' });
});

it('reports once that it cannot write, and writes again when it can', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
  const file = openFile({ LOG_FILE_MAX_SIZE: '1k' });
  file.append(line('a').repeat(2));
  mkdirSync(join(directory, 'nexus.2.log'));
  file.append(line('b'));
  file.append(line('c'));
  rmdirSync(join(directory, 'nexus.2.log'));
  file.append(line('d'));
  expect(files()).toEqual({ 'nexus.1.log': line('a').repeat(2), 'nexus.2.log': line('d') });
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^The log file cannot be written\. Error: EISDIR.*nexus\.2\.log/)],
  ]);
  warn.mockRestore();
});

it('holds every line when the process ends at once', () => {
  const program = `
    import { parseSettings } from './src/platform/config/load-settings.ts';
    import { createRootLogger } from './src/platform/observability/logging/root-logger.ts';
    const settings = parseSettings({ ENVIRONMENT: 'test', LOG_FILE: ${JSON.stringify(join(directory, 'nexus.log'))} });
    const logger = await createRootLogger(settings, { current: () => ({}) });
    for (let index = 0; index < 1_000; index++) logger.info({ index }, 'line');
    process.exit();`;
  const sources = ['--no-warnings', '--import', './scripts/typescript-sources.ts'];
  execFileSync(process.execPath, [...sources, '--input-type=module', '--eval', program]);
  const lines = (files()['nexus.1.log'] ?? '').trimEnd().split('\n');
  expect(lines.map((text) => (JSON.parse(text) as { index: number }).index)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index),
  );
});
