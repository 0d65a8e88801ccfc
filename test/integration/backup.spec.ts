import { type AttributeValue, BatchWriteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { truncateSync, writeFileSync, rmSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import { Backup } from '../../src/platform/database/tables/backup.js';
import { TableCreation } from '../../src/platform/database/tables/table-creation.js';
import type { TableDefinition } from '../../src/platform/database/table-definition.js';
import { TABLES } from '../../src/tables.js';
import { startApp, type TestApp } from '../support/app.js';
import { temporaryDirectory } from '../support/database.js';
import { registeredAgent } from '../support/registered-agent.js';
import { Settings } from '../../src/platform/config/settings.js';

const NOW = '2026-11-20T10:00:00.000Z';
/** Values that a detour over JavaScript would change. */
const ODD: TableDefinition = { name: 'OddValues', partition_key: 'id', sort_key: 'part', key_types: { part: 'N' } };
const EVERYTHING = [...TABLES, ODD];

let app: TestApp;
let client: DynamoDBClient;
let prefix: string;
let path: string;

beforeAll(async () => {
  app = await startApp();
  const settings = app.app.get(Settings, { strict: false });
  prefix = settings.get('NEXUS_TABLE_PREFIX');
  ({ administration: client } = app.app.get(DatabaseConnection, { strict: false }));
  const agent = await registeredAgent(app);
  ({ path } = agent);
  await app.http.post(`${path}/invoke`, { input_text: 'Grüße, 世界!' });
  await app.http.post(`${path}/sessions`, { display_name: 'Kept' });
  await tables(prefix);
  // More than a page of 1 MB, and more than a batch.
  for (let part = 0; part < 60; part += 1)
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [prefix + ODD.name]: [{ PutRequest: { Item: odd(part) } }] } }),
    );
});
afterAll(() => app.close());

function odd(part: number): Record<string, AttributeValue> {
  return {
    id: { S: 'odd' },
    part: { N: String(part) },
    precise: { N: '12345678901234567890.123456789' },
    bytes: { B: new Uint8Array([0, 255, 128, part]) },
    set: { NS: ['1', '2.5', '1e20'] },
    byte_set: { BS: [new Uint8Array([1]), new Uint8Array([2])] },
    nested: { M: { base64: { S: 'no bytes' }, list: { L: [{ NULL: true }, { BOOL: false }, { S: '' }] } } },
    text: { S: `line\nbreak\u2028 😀 ${'x'.repeat(30_000)}` },
  };
}

async function tables(of: string): Promise<void> {
  await new TableCreation(client, EVERYTHING, { prefix: of, is_aws: false }).createMissing();
}

/** Every record of every table, in a form that does not depend on order. */
async function contents(of: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name } of EVERYTHING) {
    const items: string[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await client.send(
        new ScanCommand({ TableName: of + name, ExclusiveStartKey, ConsistentRead: true }),
      );
      items.push(...(page.Items ?? []).map((item) => JSON.stringify(item, sorted)));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    found[name] = items.sort();
  }
  return found;
}

function sorted(name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // Sets have no order.
  if (Array.isArray(value) && /^[NBS]S$/.test(name))
    return value.map((one: unknown) => (one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one)).sort();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const backup = (of: string) => new Backup(client, EVERYTHING, of);
const empty = (): string => join(temporaryDirectory(), 'backup');

it('restores into an empty database what equals the original', async () => {
  // The platform still writes, such as statistics: its copy is what nothing changes.
  const live = empty();
  await backup(prefix).write(live, '1.0.0', () => NOW);
  await tables('original-');
  await backup('original-').restore(live);
  const directory = empty();
  const original = await contents('original-');
  const { tables: written } = await backup('original-').write(directory, '1.0.0', () => NOW);
  expect(Object.fromEntries(written.map(({ name, items }) => [name, items]))).toEqual(
    Object.fromEntries(Object.entries(original).map(([name, items]) => [name, items.length])),
  );
  expect(original['AgentInvocations']).toHaveLength(1);
  expect(original['OddValues']).toHaveLength(60);
  await tables('restored-');
  await backup('restored-').restore(directory);
  expect(await contents('restored-')).toEqual(original);
  await expect(backup('restored-').restore(directory)).rejects.toThrow(/^Table restored-\w+ is not empty$/);
  // What an interrupted restore has stored is stored again.
  await backup('restored-').restore(directory, { continues: true });
  expect(await contents('restored-')).toEqual(original);
  const restored = await startApp({
    DYNAMODB_ENDPOINT: app.app.get(Settings, { strict: false }).get('DYNAMODB_ENDPOINT') ?? '',
    NEXUS_TABLE_PREFIX: 'restored-',
  });
  const answer = await restored.http.get<{ total: number }>(`${path}/invocations`);
  expect([answer.status, answer.data.total]).toEqual([200, 1]);
  await restored.close();
});

it('refuses a complete directory, and repeats an interrupted backup', async () => {
  const directory = empty();
  await backup(prefix).write(directory, '1.0.0', () => NOW);
  await expect(backup(prefix).write(directory, '1.0.0', () => NOW)).rejects.toThrow('already contains a backup');
  rmSync(join(directory, 'manifest.json'));
  await expect(backup('absent-').restore(directory)).rejects.toThrow('manifest.json is missing');
  expect((await backup(prefix).write(directory, '1.0.0', () => NOW)).tables).toHaveLength(EVERYTHING.length);
});

it('writes nothing from a damaged backup', async () => {
  const directory = empty();
  await backup(prefix).write(directory, '1.0.0', () => NOW);
  const file = join(directory, 'OddValues.jsonl.gz');
  const whole = readFileSync(file);
  await tables('damaged-');
  writeFileSync(file, gzipSync(gunzipSync(whole).subarray(0, -10)));
  await expect(backup('damaged-').restore(directory)).rejects.toThrow(
    'The file of table OddValues is incomplete or was modified',
  );
  writeFileSync(file, whole);
  truncateSync(file, whole.length - 20);
  await expect(backup('damaged-').restore(directory)).rejects.toThrow('The file of table OddValues cannot be read');
  expect(Object.values(await contents('damaged-')).flat()).toEqual([]);
});

it('refuses a backup with tables that this version does not have', async () => {
  const directory = empty();
  await backup(prefix).write(directory, '9.0.0', () => NOW);
  const older = new Backup(client, TABLES, 'older-');
  await expect(older.restore(directory)).rejects.toThrow(
    'version 9.0.0 cannot be restored by this version; unknown tables: OddValues',
  );
});
