import type { TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { CursorCodec, pageOf } from '../../src/platform/database/cursors.js';
import { DynamoDb, type QueryInput } from '../../src/platform/database/client/dynamodb.js';
import { ValidationError } from '../../src/shared/domain-error.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';
import { RECORD_TABLES } from '../support/records.tables.js';

interface TestRecord {
  id: string;
  part: string;
  group: string;
  created_at: string;
}

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let db: DynamoDb;
let codec: CursorCodec;
let group: string;

beforeAll(async () => {
  database = await startDatabase();
  module = await databaseModule(testSettings({ DYNAMODB_ENDPOINT: database.endpoint }), RECORD_TABLES);
  db = module.get(DynamoDb);
  codec = module.get(CursorCodec);
});

afterAll(async () => {
  await module.close();
  await database.stop();
});

beforeEach(() => {
  group = randomUUID();
});

/** Minutes make the time; several records may share one. */
const put = (name: string, minute: number) =>
  db.put({
    TableName: 'Records',
    Item: {
      id: `${group}-${name}`,
      part: name,
      group,
      created_at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    },
  });

const fill = async (count: number, minuteOf = (index: number) => index) => {
  for (let start = 0; start < count; start += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, count - start) }, (_, index) =>
        put(`n${start + index}`, minuteOf(start + index)),
      ),
    );
};

const newestFirst = (): QueryInput => ({
  TableName: 'Records',
  IndexName: 'GroupIndex',
  KeyConditionExpression: '#group = :group',
  ExpressionAttributeNames: { '#group': 'group' },
  ExpressionAttributeValues: { ':group': group },
  ScanIndexForward: false,
});

const page = (limit: number, last_key?: string | null, keep?: (record: TestRecord) => boolean) =>
  pageOf<TestRecord>(db, codec, {
    query: newestFirst(),
    scope: `records:${group}`,
    limit,
    key_attributes: ['id', 'part', 'group', 'created_at'],
    ...(last_key ? { last_key } : {}),
    ...(keep ? { keep } : {}),
  });

async function walk(
  limit: number,
  keep?: (record: TestRecord) => boolean,
  between: (visit: number) => Promise<void> = async () => undefined,
) {
  const pages: string[][] = [];
  for (let last_key: string | null | undefined; last_key !== null;) {
    const { items, last_key: next } = await page(limit, last_key, keep);
    pages.push(items.map(({ part }) => part));
    await between(pages.length);
    last_key = next;
  }
  return pages;
}

describe('pageOf', () => {
  it('answers an empty list as one empty page', async () => {
    expect(await page(10)).toEqual({ items: [], last_key: null });
  });

  it('says on a last page that is just full that it is the last', async () => {
    await fill(6);
    expect(await walk(3)).toEqual([
      ['n5', 'n4', 'n3'],
      ['n2', 'n1', 'n0'],
    ]);
  });

  it('visits each record once although several share their time', async () => {
    await fill(23, (index) => Math.floor(index / 8));
    const visited = (await walk(4)).flat();
    expect([...visited].sort()).toEqual(Array.from({ length: 23 }, (_, index) => `n${index}`).sort());
  });

  it('fills its pages through a filter and ends without an empty one', async () => {
    await fill(40);
    const everyFourth = (record: TestRecord) => Number(record.part.slice(1)) % 4 === 0;
    expect(await walk(4, everyFourth)).toEqual([
      ['n36', 'n32', 'n28', 'n24'],
      ['n20', 'n16', 'n12', 'n8'],
      ['n4', 'n0'],
    ]);
  });

  it('shows each earlier record once while others come and go', async () => {
    await fill(20);
    const pages = await walk(
      5,
      () => true,
      async (visit) => {
        await put(`new${visit}`, 100 + visit);
        // The record at which the page ended goes: the cursor must still hold.
        await db.delete({
          TableName: 'Records',
          Key: { id: `${group}-n${20 - visit * 5}`, part: `n${20 - visit * 5}` },
        });
      },
    );
    expect(pages.flat()).toEqual(Array.from({ length: 20 }, (_, index) => `n${19 - index}`));
  });

  it('looks at no more than a thousand records and goes on from there', async () => {
    await fill(1_050);
    const first = await page(10, undefined, (record) => record.part === 'n0');
    expect(first.items).toEqual([]);
    expect(first.last_key).toEqual(expect.any(String));
    const second = await page(10, first.last_key, (record) => record.part === 'n0');
    expect(second).toMatchObject({ items: [{ part: 'n0' }], last_key: null });
  });

  it('refuses a cursor of another list', async () => {
    await fill(3);
    const { last_key } = await page(1);
    group = randomUUID();
    await expect(page(1, last_key)).rejects.toBeInstanceOf(ValidationError);
  });
});
