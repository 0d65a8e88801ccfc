import type { TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { DatabaseConnection } from '../../src/platform/database/client/dynamodb-client.js';
import {
  conditionFailed,
  DynamoDb,
  failedConditions,
  isTransactionConflict,
} from '../../src/platform/database/client/dynamodb.js';
import { DatabaseError, DatabaseUnavailableError } from '../../src/shared/domain-error.js';
import { startDatabase, testSettings } from '../support/database.js';
import { watchDatabase } from '../support/database-calls.js';
import { databaseModule } from '../support/nest-database.js';
import { RECORD_TABLES } from '../support/records.tables.js';

interface TestRecord {
  id: string;
  part: string;
  group?: string;
  created_at?: string;
  weight?: number;
  count?: number;
  note?: string | undefined;
}

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let db: DynamoDb;
let commands: string[];

beforeAll(async () => {
  database = await startDatabase();
  module = await databaseModule(testSettings({ DYNAMODB_ENDPOINT: database.endpoint }), RECORD_TABLES);
  db = module.get(DynamoDb);
  watchDatabase(module.get(DatabaseConnection).client, (operation) => commands.push(operation));
});

afterAll(async () => {
  await module.close();
  await database.stop();
});

beforeEach(() => {
  commands = [];
});

async function put(record: Partial<TestRecord> = {}): Promise<TestRecord> {
  const whole = { id: randomUUID(), part: 'A', ...record };
  await db.put({ TableName: 'Records', Item: whole });
  return whole;
}

const keyOf = ({ id, part }: TestRecord) => ({ id, part });

describe('single records', () => {
  it('are stored without their undefined attributes and read as they were written', async () => {
    const record = await put({ weight: 1.5, note: undefined });
    expect(await db.get('Records', keyOf(record))).toStrictEqual({ id: record.id, part: 'A', weight: 1.5 });
  });

  it('answer undefined where there is none', async () => {
    expect(await db.get('Records', { id: randomUUID(), part: 'A' })).toBeUndefined();
  });

  it('are added up and answered whole by an update', async () => {
    const record = await put({ count: 2 });
    const add = () =>
      db.update<TestRecord>({
        TableName: 'Records',
        Key: keyOf(record),
        UpdateExpression: 'ADD #count :one',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':one': 1 },
      });
    await Promise.all([add(), add(), add()]);
    expect(await add()).toStrictEqual({ ...record, count: 6 });
  });

  it('keep their value when the condition of a write fails', async () => {
    const record = await put({ note: 'first' });
    const attempt = db.put({
      TableName: 'Records',
      Item: { ...record, note: 'second' },
      ConditionExpression: 'attribute_not_exists(id)',
    });
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    expect(conditionFailed(error)).toBe(true);
    expect((await db.get<TestRecord>('Records', keyOf(record)))?.note).toBe('first');
  });

  it('come along with the failed condition when that is asked for', async () => {
    const record = await put({ note: 'first' });
    const error: unknown = await db
      .delete({
        TableName: 'Records',
        Key: keyOf(record),
        ConditionExpression: 'note = :other',
        ExpressionAttributeValues: { ':other': 'second' },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      .catch((thrown: unknown) => thrown);
    expect((error as { Item?: unknown }).Item).toMatchObject({ note: { S: 'first' } });
  });
});

describe('reads of the same turn', () => {
  it('share one request, merge duplicates and keep their order', async () => {
    const records = await Promise.all(Array.from({ length: 5 }, () => put()));
    commands = [];
    const keys = [...records, records[0]!, { id: randomUUID(), part: 'none' }].map(keyOf);
    const read = await Promise.all(keys.map((key) => db.get<TestRecord>('Records', key)));
    expect(read.map((record) => record?.id)).toEqual([...records.map(({ id }) => id), records[0]!.id, undefined]);
    expect(read[5]).not.toBe(read[0]);
    expect(commands).toEqual(['BatchGetItem']);
  });

  it('go out as a plain read when there is but one', async () => {
    const record = await put();
    commands = [];
    await db.get('Records', keyOf(record));
    expect(commands).toEqual(['GetItem']);
  });

  it('are not harmed by a neighbour whose key is refused', async () => {
    const record = await put();
    const bad = db.get('Records', { id: '', part: 'A' });
    const good = db.get<TestRecord>('Records', keyOf(record));
    await expect(bad).rejects.toBeInstanceOf(DatabaseError);
    expect((await good)?.id).toBe(record.id);
  });

  it('see what was written just before', async () => {
    const records = await Promise.all(Array.from({ length: 20 }, () => put()));
    const read = await Promise.all(records.map((record) => db.get('Records', keyOf(record))));
    expect(read).toEqual(records);
  });
});

describe('many records', () => {
  it('are read and deleted in any number, repeats included', async () => {
    const records: TestRecord[] = [];
    for (let start = 0; start < 230; start += 23)
      records.push(
        ...(await Promise.all(Array.from({ length: 23 }, (_, index) => put({ part: `P${start + index}` })))),
      );
    const requests = [...records, ...records.slice(0, 3)].map((record) => ({ table: 'Records', key: keyOf(record) }));
    expect(await db.batchGet(requests)).toEqual([...records, ...records.slice(0, 3)]);
    await db.batchDelete('Records', [...records, ...records.slice(0, 3)].map(keyOf));
    expect(await db.batchGet(requests)).toEqual(requests.map(() => undefined));
  });

  it('larger than one answer of DynamoDB are still all read', async () => {
    const note = 'x'.repeat(390_000);
    const records: TestRecord[] = [];
    // One by one: together they would be 17 MB that a busy engine has to take within one call's three seconds.
    for (let index = 0; index < 45; index++) records.push(await put({ part: `P${index}`, note }));
    const read = await db.batchGet<TestRecord>(records.map((record) => ({ table: 'Records', key: keyOf(record) })));
    expect(read.map((record) => record?.note?.length)).toEqual(records.map(() => note.length));
  });

  it('of a query follow each other over several pages', async () => {
    const id = randomUUID();
    await Promise.all(Array.from({ length: 7 }, (_, index) => put({ id, part: `P${index}` })));
    const parts: string[] = [];
    const query = {
      TableName: 'Records',
      KeyConditionExpression: 'id = :id',
      ExpressionAttributeValues: { ':id': id },
      Limit: 3,
    };
    for await (const record of db.queryAll<TestRecord>(query)) parts.push(record.part);
    expect(parts).toEqual(['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6']);
    expect((await db.query<TestRecord>(query)).last_evaluated_key).toEqual({ id, part: 'P2' });
  });

  it('of a whole table are scanned once each', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `scan-${index}`);
    await Promise.all(
      names.map((name) => db.put({ TableName: 'Counters', Item: { name, filler: 'x'.repeat(100_000) } })),
    );
    const seen: string[] = [];
    for await (const { name } of db.scanAll<{ name: string }>('Counters'))
      if (name.startsWith('scan-')) seen.push(name);
    expect(seen.sort()).toEqual(names.sort());
  });
});

describe('indexes', () => {
  it('hold only the records that carry their keys, in order, and lose those that drop them', async () => {
    const group = randomUUID();
    const [first, second] = [
      await put({ group, created_at: '2026-01-01T00:00:00.000Z' }),
      await put({ group, created_at: '2026-01-02T00:00:00.000Z' }),
    ];
    await put({ group });
    await put({ created_at: '2026-01-03T00:00:00.000Z' });
    const list = async () => {
      const { items } = await db.query<TestRecord>({
        TableName: 'Records',
        IndexName: 'GroupIndex',
        KeyConditionExpression: '#group = :group',
        ExpressionAttributeNames: { '#group': 'group' },
        ExpressionAttributeValues: { ':group': group },
        ScanIndexForward: false,
      });
      return items.map(({ id }) => id);
    };
    expect(await list()).toEqual([second.id, first.id]);
    await db.update({
      TableName: 'Records',
      Key: keyOf(first),
      UpdateExpression: 'REMOVE #group',
      ExpressionAttributeNames: { '#group': 'group' },
    });
    expect(await list()).toEqual([second.id]);
  });

  it('order numbers as numbers and answer keys only where that is all they copy', async () => {
    const group = randomUUID();
    for (const weight of [100, 9, -3]) await put({ id: `${group}-${weight}`, group, weight, note: 'not copied' });
    const { items } = await db.query<TestRecord>({
      TableName: 'Records',
      IndexName: 'WeightIndex',
      KeyConditionExpression: '#group = :group AND weight BETWEEN :low AND :high',
      ExpressionAttributeNames: { '#group': 'group' },
      ExpressionAttributeValues: { ':group': group, ':low': -3, ':high': 100 },
    });
    expect(items).toEqual([-3, 9, 100].map((weight) => ({ id: `${group}-${weight}`, part: 'A', group, weight })));
  });
});

describe('transactions', () => {
  it('write all or nothing and say whose condition failed', async () => {
    const [taken, free] = [await put({ note: 'taken' }), randomUUID()];
    const error: unknown = await db
      .transact([
        { Put: { TableName: 'Records', Item: { id: free, part: 'A' } } },
        {
          Put: {
            TableName: 'Records',
            Item: { ...taken, note: 'mine' },
            ConditionExpression: 'attribute_not_exists(id)',
          },
        },
        {
          ConditionCheck: {
            TableName: 'Records',
            Key: { id: randomUUID(), part: 'A' },
            ConditionExpression: 'attribute_exists(id)',
          },
        },
        { Delete: { TableName: 'Counters', Key: { name: free } } },
      ])
      .catch((thrown: unknown) => thrown);
    expect(failedConditions(error)).toEqual([false, true, true, false]);
    expect(isTransactionConflict(error)).toBe(false);
    expect(await db.get('Records', { id: free, part: 'A' })).toBeUndefined();
    expect(await db.get('Records', keyOf(taken))).toEqual(taken);
  });

  it('change records of several tables together', async () => {
    const [record, name] = [await put({ count: 1 }), randomUUID()];
    const one = {
      UpdateExpression: 'ADD #count :one',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':one': 1 },
    };
    await db.transact([
      { Update: { TableName: 'Records', Key: keyOf(record), ...one } },
      { Update: { TableName: 'Counters', Key: { name }, ...one } },
    ]);
    expect(await db.get('Records', keyOf(record))).toEqual({ ...record, count: 2 });
    expect(await db.get('Counters', { name })).toEqual({ name, count: 1 });
  });

  it('never lose an addition when many meet on one record', async () => {
    const name = randomUUID();
    const add = () =>
      db.transact([
        {
          Update: {
            TableName: 'Counters',
            Key: { name },
            UpdateExpression: 'ADD #total :one',
            ExpressionAttributeNames: { '#total': 'total' },
            ExpressionAttributeValues: { ':one': 1 },
          },
        },
      ]);
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, add));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.every(({ reason }) => isTransactionConflict(reason))).toBe(true);
    expect(await db.get('Counters', { name })).toEqual({ name, total: 40 - refused.length });
  });

  it('take a hundred items', async () => {
    const id = randomUUID();
    await db.transact(
      Array.from({ length: 100 }, (_, index) => ({ Put: { TableName: 'Records', Item: { id, part: `P${index}` } } })),
    );
    const { items } = await db.query({
      TableName: 'Records',
      KeyConditionExpression: 'id = :id',
      ExpressionAttributeValues: { ':id': id },
    });
    expect(items).toHaveLength(100);
  });
});

describe('faults', () => {
  it('of the request are a database error that does not speak of the inside', async () => {
    const error: unknown = await db.get('Nothing', { id: 'x' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).not.toBeInstanceOf(DatabaseUnavailableError);
    expect((error as Error).message).toBe('The database operation failed');
  });

  it('an item that is too large is refused as a whole', async () => {
    await expect(put({ note: 'x'.repeat(420_000) })).rejects.toBeInstanceOf(DatabaseError);
  });
});
