import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';

interface ProjectBody {
  project_id: string;
  status: string;
  progress: number;
  agents: string[];
}

const BUILDS = 3;
const REQUIREMENT = 'A calculator assistant that works out totals, discounts and percentages.';
const SHORT_LEASE = { ENGINE_LEASE_SECONDS: '2', ENGINE_HEARTBEAT_SECONDS: '1', ENGINE_REAPER_SECONDS: '1' };
/** So long that nobody takes a build over within the test unless its lease is given back. */
const LONG_LEASE = { ENGINE_LEASE_SECONDS: '600', ENGINE_HEARTBEAT_SECONDS: '60', ENGINE_REAPER_SECONDS: '1' };
const STOP_WITHIN_MS = 60_000;

let database: Awaited<ReturnType<typeof startDatabase>>;
let shared: Record<string, string>;
const running: PlatformProcess[] = [];

beforeAll(async () => {
  database = await startDatabase();
  shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'faults-',
    NEXUS_DATA_DIR: temporaryDirectory(),
    BUILD_STAGE_PAUSE_MS: '250',
  };
  migrate(shared);
});
afterEach(() => Promise.all(running.splice(0).map((platform) => platform.kill('SIGKILL'))));
afterAll(() => database.stop());

async function start(lease: Record<string, string>): Promise<PlatformProcess> {
  const platform = await PlatformProcess.start({ ...shared, ...lease });
  running.push(platform);
  return platform;
}

const create = async (http: HttpClient): Promise<string> =>
  (await http.post<ProjectBody>('/api/v1/projects', { requirement: REQUIREMENT })).data.project_id;
const read = async (http: HttpClient, id: string): Promise<ProjectBody> =>
  (await http.get<ProjectBody>(`/api/v1/projects/${id}`)).data;

/** Builds that run in the first process, each past its first stage. */
async function buildsUnderWay(http: HttpClient): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: BUILDS }, () => create(http)));
  for (const id of ids)
    await eventually(
      () => read(http, id),
      ({ progress }) => progress > 10,
    );
  return ids;
}

async function expectFinished(http: HttpClient, ids: string[]): Promise<void> {
  for (const id of ids) {
    const project = await eventually(
      () => read(http, id),
      ({ status }) => status === 'completed' || status === 'failed',
    );
    expect(project).toMatchObject({ status: 'completed', progress: 100 });
    expectCleanHistory(await buildEvents(http, id));
    await expectOneAgent(http, project);
  }
}

async function expectExactCounters(platform: PlatformProcess): Promise<void> {
  await platform.kill('SIGTERM');
  expect(recountStatistics(shared)).toEqual({ status: 0, output: '0 differences found\n' });
}

describe('two processes on one database', () => {
  it('take over the builds of one that is killed when its leases have run out', async () => {
    const [first, second] = await Promise.all([start(SHORT_LEASE), start(SHORT_LEASE)]);
    const ids = await buildsUnderWay(first.http);
    await first.kill('SIGKILL');
    await expectFinished(second.http, ids);
    await expectExactCounters(second);
  });

  it('take over the builds of one that is told to stop at once: it ends with 0 and gives its leases back', async () => {
    const [first, second] = await Promise.all([start(LONG_LEASE), start(LONG_LEASE)]);
    const ids = await buildsUnderWay(first.http);
    const told = Date.now();
    expect(await first.kill('SIGTERM')).toBe(0);
    expect(Date.now() - told).toBeLessThan(STOP_WITHIN_MS);
    await expectFinished(second.http, ids);
    await expectExactCounters(second);
  });
});
