import { startApp, type TestApp } from '../support/app.js';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { startDatabase, temporalSettings, temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';

interface ProjectBody extends Record<string, unknown> {
  project_id: string;
  status: string;
  progress: number;
  agents: string[];
}

const requirement = 'A calculator assistant that works out totals, discounts and percentages.';
const PATIENCE_MS = 60_000;

let temporal: Record<string, string>;

beforeAll(() => {
  temporal = {
    ...temporalSettings('builds'),
    ENGINE_LEASE_SECONDS: '4',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
  };
});

const create = async (http: HttpClient): Promise<string> =>
  (await http.post<ProjectBody>('/api/v1/projects', { requirement })).data.project_id;
const read = async (http: HttpClient, id: string): Promise<ProjectBody> =>
  (await http.get<ProjectBody>(`/api/v1/projects/${id}`)).data;
const until = (http: HttpClient, id: string, ...statuses: string[]) =>
  eventually(
    () => read(http, id),
    ({ status }) => statuses.includes(status),
    PATIENCE_MS,
  );
const progressOf = (http: HttpClient, id: string, percent: number) =>
  eventually(
    () => read(http, id),
    ({ progress }) => progress > percent,
    PATIENCE_MS,
  );

describe('builds on Temporal', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ ...temporal, TEMPORAL_TASK_QUEUE: 'alone', BUILD_STAGE_PAUSE_MS: '100' });
  });
  afterAll(() => app.close());
  const control = (id: string, action: string) =>
    app.http.put<ProjectBody>(`/api/v1/projects/${id}/control`, { action });

  it('complete, pause, resume, stop and restart as on the embedded engine', async () => {
    expect((await app.http.raw('GET', '/health/ready')).status).toBe(200);
    const id = await create(app.http);
    await progressOf(app.http, id, 10);
    expect((await control(id, 'pause')).data.status).toBe('pausing');
    await until(app.http, id, 'paused');
    expect((await control(id, 'resume')).status).toBe(200);
    const done = await until(app.http, id, 'completed', 'failed');
    expect(done).toMatchObject({ status: 'completed', progress: 100 });
    expectCleanHistory(await buildEvents(app.http, id));
    await expectOneAgent(app.http, done);
    const second = await create(app.http);
    await progressOf(app.http, second, 10);
    expect((await control(second, 'stop')).data.status).toBe('failed');
    expect((await control(second, 'restart')).data).toMatchObject({ attempt: 2 });
    await until(app.http, second, 'completed');
  });

  it('leave background runs to the process that accepted them', async () => {
    const { agents } = await until(app.http, await create(app.http), 'completed');
    const path = `/api/v1/agents/${encodeURIComponent(agents[0] ?? '')}/invoke`;
    const { data } = await app.http.post<{ invocation_id: string }>(path, { input_text: '6 * 7', background: true });
    const run = await eventually(
      async () => (await app.http.get<{ status: string }>(`/api/v1/invocations/${data.invocation_id}`)).data,
      ({ status }) => status !== 'running',
    );
    expect(run).toMatchObject({ status: 'success', output: expect.stringContaining('42') as string });
  });

  it('are refused with 503 and Retry-After while Temporal is away, and readiness says so', async () => {
    const away = await startApp({ ...temporal, TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_WORKER: 'false' });
    try {
      const answer = await away.http.post('/api/v1/projects', { requirement });
      expect(answer).toMatchObject({ status: 503, error: { code: 'SERVICE_UNAVAILABLE' } });
      expect(answer.headers.get('retry-after')).toBe('5');
      expect((await away.http.get<{ total: number }>('/api/v1/projects')).data).toMatchObject({ total: 0 });
      expect((await away.http.raw('GET', '/health/ready')).status).toBe(503);
      expect((await away.http.raw('GET', '/health/live')).status).toBe(200);
    } finally {
      await away.close();
    }
  });
});

describe('two processes on one cluster', () => {
  it('finish the builds of the one that is killed, run no completed step twice and count exactly', async () => {
    const database = await startDatabase();
    const running: PlatformProcess[] = [];
    const shared = {
      ...temporal,
      NEXUS_DATABASE: 'dynamodb',
      DYNAMODB_ENDPOINT: database.endpoint,
      NEXUS_TABLE_PREFIX: 'temporal-',
      NEXUS_DATA_DIR: temporaryDirectory(),
      TEMPORAL_TASK_QUEUE: 'two',
      BUILD_STAGE_PAUSE_MS: '250',
    };
    try {
      migrate(shared);
      for (let count = 0; count < 2; count++) running.push(await PlatformProcess.start(shared));
      const [first, second] = running as [PlatformProcess, PlatformProcess];
      const ids = [await create(first.http), await create(first.http), await create(second.http)];
      for (const id of ids) await progressOf(second.http, id, 5);
      await first.kill('SIGKILL');
      for (const id of ids) {
        const project = await until(second.http, id, 'completed', 'failed');
        expect(project).toMatchObject({ status: 'completed', progress: 100 });
        expectCleanHistory(await buildEvents(second.http, id));
        await expectOneAgent(second.http, project);
      }
      expect(await second.kill('SIGTERM')).toBe(0);
      expect(recountStatistics(shared)).toEqual({ status: 0, output: '0 differences found\n' });
    } finally {
      await Promise.all(running.map((platform) => platform.kill('SIGKILL')));
      await database.stop();
    }
  });
});
