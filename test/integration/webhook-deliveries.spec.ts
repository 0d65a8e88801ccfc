import type { TestingModule } from '@nestjs/testing';
import { INVOCATION_TABLES } from '../../src/invocations/invocations.tables.js';
import { dueDelivery, WebhookDeliveriesRepository } from '../../src/invocations/webhook-deliveries.repository.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';

const AT = '2026-11-20T10:00:00.000Z';
const LEASE = '2026-11-20T10:01:00.000Z';
const LATER = '2026-11-20T10:05:00.000Z';
const FAILED = { last_status: 500, last_error: 'The receiver returned 500' };

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let repository: WebhookDeliveriesRepository;

beforeAll(async () => {
  database = await startDatabase();
  module = await databaseModule(testSettings({ DYNAMODB_ENDPOINT: database.endpoint }), INVOCATION_TABLES);
  repository = new WebhookDeliveriesRepository(module.get(DynamoDb));
});
afterAll(async () => {
  await module.close();
  await database.stop();
});

async function due(invocation_id: string): Promise<string> {
  const webhook = { url: 'https://example.com', delivery_id: `whk_${invocation_id}` };
  await module.get(UnitOfWork).commit(dueDelivery({ invocation_id, org_id: 'org', webhook }, AT));
  return invocation_id;
}

const isDue = async (id: string, at: string): Promise<boolean> =>
  (await repository.listDue(at, 100)).some(({ invocation_id }) => invocation_id === id);

describe('a delivery that is due', () => {
  it('is claimed by one of many, and due again when the claim has run out', async () => {
    const id = await due('inv_many');
    const claims = await Promise.all(Array.from({ length: 8 }, () => repository.claim(id, AT, LEASE)));
    expect(claims.filter(Boolean)).toMatchObject([{ attempts: 1, status: 'pending' }]);
    expect([await isDue(id, AT), await isDue(id, LEASE)]).toEqual([false, true]);
    expect(await repository.claim(id, LEASE, LATER)).toMatchObject({ attempts: 2 });
  });

  it('is settled only by who holds the claim', async () => {
    const id = await due('inv_lost');
    const lost = await repository.claim(id, AT, LEASE);
    const held = await repository.claim(id, LEASE, LATER);
    if (!lost || !held) throw new Error('not claimed');
    await repository.settle(held, { last_status: 204, last_error: null, delivered_at: AT });
    await repository.settle(lost, { ...FAILED, next_at: LATER });
    expect(await repository.find('org', id)).toMatchObject({ status: 'delivered', last_status: 204, delivered_at: AT });
    expect(await isDue(id, LATER)).toBe(false);
  });

  it('waits for its next attempt, and is not due any more when it is given up', async () => {
    const id = await due('inv_failing');
    const first = await repository.claim(id, AT, LEASE);
    if (first) await repository.settle(first, { ...FAILED, next_at: LATER });
    expect([await isDue(id, LEASE), await isDue(id, LATER)]).toEqual([false, true]);
    const second = await repository.claim(id, LATER, '2026-11-20T10:06:00.000Z');
    if (second) await repository.settle(second, { ...FAILED, gives_up: true });
    expect(await repository.find('org', id)).toMatchObject({ status: 'failed', attempts: 2, ...FAILED });
    expect(await isDue(id, '2027')).toBe(false);
  });

  it('is nobody else’s, and stays deleted while an attempt is under way', async () => {
    const id = await due('inv_deleted');
    expect(await repository.find('rival', id)).toBeUndefined();
    const claim = await repository.claim(id, AT, LEASE);
    await repository.delete(id);
    if (claim) await repository.settle(claim, { ...FAILED, next_at: LATER });
    expect(await repository.find('org', id)).toBeUndefined();
  });
});
