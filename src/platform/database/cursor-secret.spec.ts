import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cursorSecret } from './cursors.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nexus-secret-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

it('makes a key once, keeps it and leaves nothing else behind', () => {
  const nested = join(directory, 'data');
  const key = cursorSecret(nested);
  expect(key).toHaveLength(32);
  expect(cursorSecret(nested)).toEqual(key);
  expect(readdirSync(nested)).toEqual(['cursor.key']);
});

it('lets nobody else read it', () => {
  cursorSecret(directory);
  expect(statSync(join(directory, 'cursor.key')).mode & 0o777).toBe(0o600);
});

it('does not sign with a damaged key', () => {
  writeFileSync(join(directory, 'cursor.key'), 'short');
  expect(() => cursorSecret(directory)).toThrow('does not hold 32 bytes');
});
