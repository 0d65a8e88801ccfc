import {
  type PartnershipInput,
  PartnershipManagement,
} from '../../src/orchestration/partnerships/partnership-management.service.js';
import { PartnershipsService } from '../../src/orchestration/partnerships/partnerships.service.js';
import { type LeasedWatch, WatchesRepository } from '../../src/orchestration/partnerships/watches.repository.js';
import { startApp, type TestApp } from '../support/app.js';
import { startDatabase } from '../support/database.js';
import { eventually } from '../support/http.js';
import { PartnerServer } from '../support/partner-server.js';

const LATER = '9999';
let database: Awaited<ReturnType<typeof startDatabase>>;
let partner: PartnerServer;
let shared: Record<string, string>;
const platforms: TestApp[] = [];
let names = 0;

beforeAll(async () => {
  database = await startDatabase();
});
afterAll(() => database.stop());
beforeEach(async () => {
  partner = await PartnerServer.start();
  shared = {
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: `watch-${++names}-`,
    PARTNERSHIP_TICK_MS: '50',
  };
});
afterEach(async () => {
  await Promise.all(platforms.splice(0).map((platform) => platform.close()));
  await partner.stop();
});

async function start(changes: Record<string, string> = {}): Promise<TestApp> {
  const platform = await startApp({ ...shared, ...changes });
  platforms.push(platform);
  return platform;
}

const create = ({ app }: TestApp, interval_seconds: number) => {
  const input: PartnershipInput = {
    id: 'polled',
    name: 'Polled',
    partnership_type: 'polled',
    ai_partner: 'A partner',
    our_role: '',
    partner_role: '',
    enabled: true,
    priority: 'high',
    probe: { health_url: partner.url, interval_seconds, timeout_ms: 1_000 },
    success_metrics: [],
    deliverables: [],
  };
  return app.get(PartnershipManagement).create({ org_id: 'acme', user_id: 'tester' }, input);
};

const requests = async ({ app }: TestApp): Promise<number> => {
  const { readings } = await app.get(PartnershipsService).snapshot('acme', '1h');
  return readings.find(({ partnership }) => partnership.id === 'polled')?.metrics.values['requests'] ?? 0;
};

/** Takes the look that is due now, as a process does. */
async function take({ app }: TestApp, until: string): Promise<LeasedWatch> {
  const watches = app.get(WatchesRepository);
  const [watch] = await watches.due(LATER, 1);
  const taken = watch && (await watches.take(watch, 'lease_of_another', until));
  if (!taken) throw new Error('nothing is due');
  return taken;
}

describe('looking at partners', () => {
  it('is done by one of two processes each time, and counted once', async () => {
    const [first, second] = [await start(), await start()];
    await create(first, 1);
    const began = Date.now();
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls >= 4,
    );
    expect(Date.now() - began).toBeGreaterThan(2_900);
    const counted = await eventually(
      () => requests(second),
      (count) => count === partner.calls,
    );
    expect(counted).toBeGreaterThanOrEqual(4);
  });

  it('goes on after a process that took a look and died', async () => {
    const idle = await start({ PARTNERSHIP_TICK_MS: '60000' });
    await create(idle, 1);
    const given_up_at = Date.now() + 1_500;
    await take(idle, new Date(given_up_at).toISOString());
    await start();
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls >= 1,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(given_up_at);
  });

  it('does not count what came too late, or for what is deleted', async () => {
    const idle = await start({ PARTNERSHIP_TICK_MS: '60000' });
    await create(idle, 1);
    const watches = idle.app.get(WatchesRepository);
    const outcome = { up: false, reason: 'returned 503', duration_ms: 3, probed_at: new Date().toISOString() };
    const late = await take(idle, new Date().toISOString());
    const fresh = await take(idle, new Date().toISOString());
    expect(await watches.finish({ ...late, lease: 'lease_that_was_lost' }, LATER, outcome)).toBe(false);
    expect(await watches.finish(fresh, LATER, outcome)).toBe(true);
    expect(await watches.finish(fresh, LATER, outcome)).toBe(false);
    idle.app.get(PartnershipsService).forget('acme');
    expect(await requests(idle)).toBe(1);

    const taken = await take(idle, LATER);
    await idle.app.get(PartnershipManagement).delete({ org_id: 'acme', user_id: 'tester' }, 'polled');
    expect(await watches.finish(taken, LATER, outcome)).toBe(false);
    expect(await watches.due(LATER, 10)).toEqual([]);
    await create(idle, 1);
    expect(await requests(idle)).toBe(0);
  });

  it('ends at a shutdown, also while a partner hangs, and is due again', async () => {
    const platform = await start();
    partner.manner = 'hangs';
    await create(platform, 30);
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls === 1,
    );
    const began = Date.now();
    platforms.splice(platforms.indexOf(platform), 1);
    await platform.close();
    expect(Date.now() - began).toBeLessThan(900);
    partner.manner = 'well';
    await start();
    await eventually(
      () => Promise.resolve(partner.calls),
      (calls) => calls === 2,
    );
  });
});
