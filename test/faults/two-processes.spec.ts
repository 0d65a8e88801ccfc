import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { readEvents } from '../support/sse.js';

interface ProjectBody {
  project_id: string;
  status: string;
  progress: number;
  agents: string[];
}

const REQUIREMENT = 'A calculator assistant that works out totals, discounts and percentages.';
const PREFIX = 'faults-';

let database: Awaited<ReturnType<typeof startDatabase>>;
let environment: Record<string, string>;
const running: PlatformProcess[] = [];

beforeAll(async () => {
  database = await startDatabase();
  environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: PREFIX,
    NEXUS_DATA_DIR: temporaryDirectory(),
    BUILD_LEASE_SECONDS: '2',
    BUILD_HEARTBEAT_SECONDS: '1',
    BUILD_REAPER_SECONDS: '1',
    BUILD_STAGE_PAUSE_MS: '250',
  };
  const { status, stderr } = spawnSync(process.execPath, ['dist/db-migrate.js'], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
}, 60_000);
afterEach(() => Promise.all(running.splice(0).map((platform) => platform.kill('SIGKILL'))));
afterAll(() => database.stop());

const start = async (): Promise<PlatformProcess> => {
  const platform = await PlatformProcess.start(environment);
  running.push(platform);
  return platform;
};
const create = async (http: HttpClient): Promise<string> =>
  (await http.post<ProjectBody>('/api/v1/projects', { requirement: REQUIREMENT })).data.project_id;
const read = async (http: HttpClient, id: string): Promise<ProjectBody> =>
  (await http.get<ProjectBody>(`/api/v1/projects/${id}`)).data;

describe('two processes on one database', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'take over the builds of one that ends by %s, each once',
    async (signal) => {
      const [first, second] = await Promise.all([start(), start()]);
      const ids = [await create(first.http), await create(first.http), await create(first.http)];
      await eventually(
        () => read(first.http, ids[0] ?? ''),
        ({ progress }) => progress > 10,
      );
      await first.kill(signal);
      for (const id of ids) {
        const project = await eventually(
          () => read(second.http, id),
          ({ status }) => status === 'completed' || status === 'failed',
          45_000,
        );
        expect(project).toMatchObject({ status: 'completed', progress: 100 });
        expect(project.agents).toHaveLength(1);
        const steps = (await readEvents(`${second.http.url}/api/v1/projects/${id}/events`)).filter(
          ({ event, data }) => event === 'stage' && data['status'] === 'completed',
        );
        const names = steps.map(({ data }) => `${String(data['stage_name'])}/${String(data['sub_stage_name'])}`);
        expect(names).toHaveLength(9);
        expect(new Set(names).size).toBe(9);
        const { data } = await second.http.get<{ agents: { version: string }[] }>(`/api/v1/agents?project_id=${id}`);
        expect(data.agents.map(({ version }) => version)).toEqual(['v1.0.0']);
      }
    },
    90_000,
  );

  it('finish a deletion whose process was killed, and leave no record of the project', async () => {
    const platform = await start();
    const { http } = platform;
    const id = await create(http);
    const { agents } = await eventually(
      () => read(http, id),
      ({ status }) => status === 'completed',
    );
    const agent = `/api/v1/agents/${encodeURIComponent(agents[0] ?? '')}`;
    const { data: session } = await http.post<{ session_id: string }>(`${agent}/sessions`, {});
    await http.post(`/api/v1/sessions/${session.session_id}/messages`, { content: 'What is 2 * 3?' });
    await http.post(`${agent}/invoke`, { input_text: 'What is 3 * 4?' });
    const deletion = http.delete(`/api/v1/projects/${id}`).catch(() => undefined);
    await delay(Math.random() * 600);
    await platform.kill('SIGKILL');
    await deletion;
    const next = await start();
    await eventually(
      async () => (await next.http.get(`/api/v1/projects/${id}`)).status,
      (status) => status === 404 || status === 200,
    );
    // Killed before the deletion was accepted: nothing happened, and it can be asked for again.
    if ((await next.http.get(`/api/v1/projects/${id}`)).status === 200)
      await next.http.delete(`/api/v1/projects/${id}`);
    const remaining = await eventually(
      () => withoutCounters(id, session.session_id),
      (found) => Object.keys(found).length === 0,
    );
    expect(remaining).toEqual({});
    for (const path of [agent, `/api/v1/sessions/${session.session_id}`])
      expect((await next.http.get(path)).status).toBe(404);
    await next.kill('SIGTERM');
    expect(recountStatistics(environment)).toEqual({ status: 0, output: '0 differences found\n' });
  }, 90_000);
});

/** Counters keep what was: statistics of the past stay. */
async function withoutCounters(...ids: string[]): Promise<Record<string, unknown[]>> {
  const { PlatformStatistics: _counters, ...records } = await leftovers(database.endpoint, PREFIX, ids);
  return records;
}
