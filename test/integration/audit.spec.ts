import type { TestingModule } from '@nestjs/testing';
import { AuditRepository } from '../../src/identity/audit/audit.repository.js';
import { AUDIT_TABLES } from '../../src/identity/identity.tables.js';
import type { AuditEntry } from '../../src/identity/audit/audit.js';
import { CursorCodec } from '../../src/platform/database/cursors.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startDatabase, testSettings } from '../support/database.js';
import { databaseModule } from '../support/nest-database.js';

// Far from now: an engine that really deletes what has expired must find nothing here.
const NOW = new Date('2096-03-05T10:00:00.000Z');

let database: Awaited<ReturnType<typeof startDatabase>>;
let module: TestingModule;
let audit: AuditRepository;

beforeAll(async () => {
  database = await startDatabase();
  module = await databaseModule(testSettings({ DYNAMODB_ENDPOINT: database.endpoint }), AUDIT_TABLES);
  audit = new AuditRepository(module.get(DynamoDb), module.get(CursorCodec), module.get(UnitOfWork));
  await Promise.all(ENTRIES.map((entry) => audit.create(entry)));
});

afterAll(async () => {
  await module.close();
  await database.stop();
});

const entry = (entry_id: string, at: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  entry_id,
  org_id: 'org-a',
  actor: 'ann',
  action: 'project.deleted',
  outcome: 'success',
  at,
  ...changes,
});

const ENTRIES = [
  entry('aud_1', '2096-03-01T00:00:00.000Z'),
  entry('aud_2', '2096-03-02T00:00:00.000Z', { actor: 'bob' }),
  entry('aud_3', '2096-03-03T00:00:00.000Z', { action: 'auth.login', outcome: 'refused', target: 'ann' }),
  entry('aud_4', '2096-03-04T00:00:00.000Z', { action: 'auth.login', details: { via: 'password' } }),
  entry('aud_other', '2096-03-04T00:00:00.000Z', { org_id: 'org-b' }),
  entry('aud_old', '2095-11-01T00:00:00.000Z'),
];

const ids = async (query: Partial<Parameters<AuditRepository['listByOrg']>[2]>, org = 'org-a') =>
  (await audit.listByOrg(org, NOW, { limit: 10, ...query })).items.map(({ entry_id }) => entry_id);

describe('the audit log', () => {
  it('lists newest first, one organisation, without what is older than 90 days', async () => {
    expect(await ids({})).toEqual(['aud_4', 'aud_3', 'aud_2', 'aud_1']);
    expect(await ids({}, 'org-b')).toEqual(['aud_other']);
  });

  it('filters by actor, action, both, and time', async () => {
    expect(await ids({ actor: 'bob' })).toEqual(['aud_2']);
    expect(await ids({ action: 'auth.login' })).toEqual(['aud_4', 'aud_3']);
    expect(await ids({ actor: 'ann', action: 'project.deleted' })).toEqual(['aud_1']);
    expect(await ids({ since: '2096-03-03T00:00:00.000Z' })).toEqual(['aud_4', 'aud_3']);
  });

  it('answers what was recorded and no bookkeeping', async () => {
    const { items } = await audit.listByOrg('org-a', NOW, { limit: 2 });
    expect(items).toEqual([ENTRIES[3], ENTRIES[2]]);
  });

  it.each([{}, { actor: 'ann' }, { action: 'auth.login' }])('pages through %j without loss', async (filter) => {
    const seen: string[] = [];
    let last_key: string | undefined;
    do {
      const page = await audit.listByOrg('org-a', NOW, { limit: 1, ...filter, last_key });
      seen.push(...page.items.map(({ entry_id }) => entry_id));
      last_key = page.last_key ?? undefined;
    } while (last_key !== undefined);
    expect(seen).toEqual(await ids(filter));
  });
});
