import { builtAgent } from '../support/built-agent.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, HttpClient } from '../support/http.js';
import { Load } from '../support/load.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { ServiceAddress } from '../support/service-address.js';

/** Enough that requests are under way at every moment of the change. */
const REQUESTS = 60;
/** The grace period of Kubernetes in `deploy/k8s` is longer. */
const STOP_WITHIN_MS = 50_000;

let database: Awaited<ReturnType<typeof startDatabase>>;
let shared: Record<string, string>;
let service: ServiceAddress;
const running: PlatformProcess[] = [];

beforeAll(async () => {
  database = await startDatabase();
});
beforeEach(async () => {
  shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: `rolling-${Date.now()}-`,
    NEXUS_DATA_DIR: temporaryDirectory(),
    // Time for two failed probes on a busy machine.
    SHUTDOWN_DRAIN_SECONDS: '5',
    ENGINE_LEASE_SECONDS: '2',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
  };
  migrate(shared);
  service = await ServiceAddress.open();
});
afterEach(async () => {
  await service.close();
  await Promise.all(running.splice(0).map((platform) => platform.kill('SIGKILL')));
});
afterAll(() => database.stop());

/** A process that takes its part of the connections. */
async function rollIn(): Promise<PlatformProcess> {
  const platform = await PlatformProcess.start(shared);
  running.push(platform);
  service.add(platform.http.url);
  await eventually(
    async () => service.isReady(platform.http.url),
    (isReady) => isReady,
  );
  return platform;
}

/** Two processes, and callers who know only the address of both. */
async function underLoad(): Promise<{ first: PlatformProcess; second: PlatformProcess; load: Load }> {
  const [first, second] = [await rollIn(), await rollIn()];
  const { path } = await builtAgent(first.http);
  const load = new Load(new HttpClient(service.url, first.http.headers), path);
  await more(load);
  return { first, second, load };
}

async function more(load: Load): Promise<void> {
  const wanted = load.acknowledged + REQUESTS;
  await eventually(
    async () => load.acknowledged,
    (now) => now >= wanted,
  );
}

/** Everything that was acknowledged is there, and the counters are what a recount says. */
async function expectNothingLost(survivor: PlatformProcess, load: Load): Promise<void> {
  const statuses = new Set<string>();
  for (const id of load.invocations) {
    const { status, data } = await survivor.http.get<{ status: string }>(`/api/v1/invocations/${id}`);
    statuses.add(`${status} ${data.status}`);
  }
  expect([...statuses]).toEqual(['200 success']);
  for (const id of load.projects)
    await eventually(
      async () => (await survivor.http.get<{ status: string }>(`/api/v1/projects/${id}`)).data.status,
      (status) => status === 'completed',
    );
  expect(await survivor.kill('SIGTERM')).toBe(0);
  expect(recountStatistics(shared)).toEqual({ status: 0, output: '0 differences found\n' });
}

describe('two processes behind one address, under load', () => {
  it('are replaced one after the other without one failed request', async () => {
    const { first, second, load } = await underLoad();
    const told = Date.now();
    expect(await first.kill('SIGTERM')).toBe(0);
    expect(Date.now() - told).toBeLessThan(STOP_WITHIN_MS);
    await more(load);
    const third = await rollIn();
    expect(await second.kill('SIGTERM')).toBe(0);
    await more(load);
    expect(service.connectionsTo(third.http.url)).toBeGreaterThan(0);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.projects.length).toBeGreaterThan(0);
    await expectNothingLost(third, load);
  });

  it('lose nothing that was acknowledged when one is killed, and go on with a new one', async () => {
    const { first, second, load } = await underLoad();
    await first.kill('SIGKILL');
    await more(load);
    const third = await rollIn();
    await second.kill('SIGKILL');
    await more(load);
    await load.stop();
    expect(load.projects.length).toBeGreaterThan(0);
    await expectNothingLost(third, load);
  });
});
