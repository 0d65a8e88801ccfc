import { Logger } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import {
  DataDirectoryLock,
  OrphanEngine,
  EmbeddedDatabase,
} from '../../src/platform/database/embedded/embedded-database.js';
import { temporaryDirectory, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';
import { RECORD_TABLES } from '../support/records.tables.js';

const modules: TestingModule[] = [];
const children: ChildProcess[] = [];

beforeAll(() => {
  Logger.overrideLogger(false);
});

afterEach(async () => {
  await Promise.all(modules.splice(0).map((module) => module.close()));
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function platform(
  directory: string,
): Promise<{ module: TestingModule; db: DynamoDb; embedded: EmbeddedDatabase }> {
  const settings = testSettings({
    NEXUS_DATABASE: 'embedded',
    NEXUS_DATA_DIR: directory,
    NEXUS_TABLE_PREFIX: 'fault-',
  });
  const module = await databaseModule(settings, RECORD_TABLES);
  modules.push(module);
  return { module, db: module.get(DynamoDb), embedded: module.get(EmbeddedDatabase) };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition(); await delay(10))
    if (Date.now() > deadline) throw new Error(`Never: ${what}`);
}

function isAlive(pid: number): boolean {
  try {
    // A zombie whose parent has not looked yet is dead for our purpose.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Starts a stand-in of an engine: a process whose command line names what it is given. */
async function standIn(argument: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1000)", argument], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid!;
}

it('keeps every acknowledged write when the engine is killed, and goes on without being told', async () => {
  const { db, embedded } = await platform(temporaryDirectory());
  const first = embedded.pid!;
  const acknowledged: string[] = [];
  let isWriting = true;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let index = 0; isWriting; index += 1) {
      const id = `w${writer}-${index}`;
      await db.put({ TableName: 'Records', Item: { id, part: 'A' } }).then(
        () => acknowledged.push(id),
        () => undefined,
      );
    }
  });
  await until(() => acknowledged.length > 100, 'a hundred writes');
  process.kill(first, 'SIGKILL');
  const atTheKill = acknowledged.length;
  await until(() => acknowledged.length > atTheKill + 200, 'writes after the restart');
  isWriting = false;
  await Promise.all(writers);
  expect(embedded.pid).not.toBe(first);
  const read = await db.batchGet(acknowledged.map((id) => ({ table: 'Records', key: { id, part: 'A' } })));
  expect(read.filter((record) => record === undefined)).toEqual([]);
});

it('finds its records again after an orderly stop, which leaves no process behind', async () => {
  const directory = temporaryDirectory();
  const { module, db, embedded } = await platform(directory);
  const pid = embedded.pid!;
  await db.put({ TableName: 'Records', Item: { id: 'kept', part: 'A' } });
  await module.close();
  expect(isAlive(pid)).toBe(false);
  const again = await platform(directory);
  expect(await again.db.get('Records', { id: 'kept', part: 'A' })).toEqual({ id: 'kept', part: 'A' });
});

it('refuses a second platform on the same data and names the first', async () => {
  const directory = temporaryDirectory();
  await platform(directory);
  await expect(new EmbeddedDatabase(directory).start()).rejects.toThrow(
    `The data directory ${directory} is in use by another Nexus process (pid ${process.pid})`,
  );
});

it('takes over from a process that died without releasing the lock', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'nexus.lock'), '');
  writeFileSync(join(directory, 'nexus.pid'), `${process.pid}\n`);
  DataDirectoryLock.take(directory).release();
  expect(existsSync(join(directory, 'nexus.pid'))).toBe(false);
});

it('ends an engine that was left behind', async () => {
  const directory = temporaryDirectory();
  const pid = await standIn(directory);
  const orphan = new OrphanEngine(directory);
  orphan.remember(pid);
  expect(await orphan.reap()).toBe(pid);
  expect(isAlive(pid)).toBe(false);
});

it('leaves another program alone that has been given the id of the engine', async () => {
  const directory = temporaryDirectory();
  const pid = await standIn('something else');
  const orphan = new OrphanEngine(directory);
  orphan.remember(pid);
  expect(await orphan.reap()).toBeUndefined();
  expect(isAlive(pid)).toBe(true);
});
