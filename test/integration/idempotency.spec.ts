import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { Settings } from '../../src/platform/config/settings.js';
import { IdempotencyRepository } from '../../src/platform/http/idempotency/idempotency.repository.js';
import { IDEMPOTENCY_TABLES } from '../../src/platform/platform.tables.js';
import { Clock } from '../../src/shared/clock.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';

const ANSWER = { status: 201, body: { id: 'one' } };

let time = Date.parse('2026-03-01T12:00:00Z');
const clock = Object.assign(new Clock(), { now: () => new Date(time) });
const later = (seconds: number): void => {
  time += seconds * 1000;
};
let stop: () => Promise<void>;
let settings: Settings;
let db: DynamoDb;
let keys: IdempotencyRepository;

beforeAll(async () => {
  const database = await startDatabase();
  settings = testSettings({ NEXUS_DATABASE: 'dynamodb', DYNAMODB_ENDPOINT: database.endpoint });
  const module = await databaseModule(settings, IDEMPOTENCY_TABLES);
  db = module.get(DynamoDb);
  keys = new IdempotencyRepository(db, clock, settings);
  stop = async () => {
    await module.close();
    await database.stop();
  };
});
afterAll(() => stop());

it('frees the key of a request that died after a minute, and not while the request is renewed', async () => {
  const [first, second] = [keys.newHolder(), keys.newHolder()];
  expect(await keys.take('crash', 'hash', first)).toBeUndefined();
  later(50);
  await keys.renew('crash', first);
  later(50);
  expect(await keys.take('crash', 'hash', second)).toEqual({ body_hash: 'hash', state: 'running' });
  later(11);
  expect(await keys.take('crash', 'hash', second)).toBeUndefined();
});

it('keeps the answer of the request that has the key, not of one that was taken for dead', async () => {
  const [slow, quick] = [keys.newHolder(), keys.newHolder()];
  await keys.take('slow', 'hash', slow);
  later(61);
  await keys.take('slow', 'hash', quick);
  await keys.remember('slow', { status: 201, body: { id: 'slow' } }, 'hash', slow);
  await keys.forget('slow', slow);
  await keys.remember('slow', ANSWER, 'hash', quick);
  expect(await keys.take('slow', 'hash', keys.newHolder())).toEqual({
    ...{ body_hash: 'hash', state: 'answered' },
    answer: ANSWER,
  });
});

it('frees it at once where no other process can run the request', async () => {
  const embedded = new Settings({ ...settings.values, NEXUS_DATABASE: 'embedded' });
  const restarted = new IdempotencyRepository(db, clock, embedded);
  await keys.take('embedded', 'hash', 'an earlier process 1');
  expect(await restarted.take('embedded', 'hash', restarted.newHolder())).toBeUndefined();
  expect(await restarted.take('embedded', 'hash', restarted.newHolder())).toMatchObject({ state: 'running' });
});
