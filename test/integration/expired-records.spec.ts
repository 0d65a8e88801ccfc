import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { ExpiredRecords } from '../../src/platform/database/expired-records.js';
import { Clock } from '../../src/shared/clock.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';
import { RECORD_TABLES } from '../support/records.tables.js';

const NOW = 1_800_000_000;

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let db: DynamoDb;

beforeAll(async () => {
  database = await startDatabase();
  module = await databaseModule(testSettings({ DYNAMODB_ENDPOINT: database.endpoint }), RECORD_TABLES);
  db = module.get(DynamoDb);
});
afterAll(async () => {
  await module.close();
  await database.stop();
});

class StillClock extends Clock {
  override now(): Date {
    return new Date(NOW * 1000);
  }
}

const put = (id: string, expires_at?: number) => db.put({ TableName: 'Records', Item: { id, part: 'A', expires_at } });
const exists = async (id: string): Promise<boolean> => (await db.get('Records', { id, part: 'A' })) !== undefined;
const left = async (ids: string[]): Promise<string[]> => {
  const found = await Promise.all(ids.map(exists));
  return ids.filter((_, index) => found[index]);
};

describe('the sweep of expired records', () => {
  it('deletes what is expired and nothing else', async () => {
    await Promise.all([put('over', NOW - 1), put('long over', 1), put('now', NOW), put('later', NOW + 1), put('ever')]);
    await db.put({ TableName: 'Counters', Item: { name: 'counter', expires_at: 1 } });
    await new ExpiredRecords(db, RECORD_TABLES, new StillClock(), true).sweep();
    expect(await left(['over', 'long over', 'now', 'later', 'ever'])).toEqual(['now', 'later', 'ever']);
    expect(await db.get('Counters', { name: 'counter' })).toBeDefined();
  });

  it('spares a record that is written anew while it looks', async () => {
    await put('renewed', NOW - 1);
    const found = db.scanExpired.bind(db);
    const scan = jest.spyOn(db, 'scanExpired').mockImplementation(async function* (...given) {
      for await (const key of found(...given)) {
        await put('renewed', NOW + 100);
        yield key;
      }
    });
    await new ExpiredRecords(db, RECORD_TABLES, new StillClock(), true).sweep();
    scan.mockRestore();
    expect(await left(['renewed'])).toEqual(['renewed']);
  });

  it('goes on where there is more than one page', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `old ${index}`);
    const padding = 'x'.repeat(50_000);
    for (const id of ids) await db.put({ TableName: 'Records', Item: { id, part: 'A', expires_at: 1, padding } });
    await new ExpiredRecords(db, RECORD_TABLES, new StillClock(), true).sweep();
    expect(await left(ids)).toEqual([]);
  });
});
