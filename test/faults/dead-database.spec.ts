import { EngineProcess } from '../../src/platform/dynamodb/embedded/engine-process.js';
import { dynoxide } from '../../src/platform/dynamodb/embedded/engine-program.js';
import { freePort } from '../../src/platform/dynamodb/embedded/free-port.js';
import { spawnSync } from 'node:child_process';
import { temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { PlatformProcess } from '../support/platform-process.js';

const spawned: { stop(): Promise<void> }[] = [];
afterEach(() => Promise.all(spawned.splice(0).map((one) => one.stop())));

it('while the database is away everything says 503, and all is well by itself when it is back', async () => {
  const directory = temporaryDirectory();
  const program = dynoxide(directory);
  if (!program) throw new Error('no engine for this machine');
  const port = await freePort();
  let engine = await EngineProcess.start(program, port);
  spawned.push({ stop: () => engine.stop() });
  const environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}`,
    NEXUS_DATA_DIR: directory,
    BUILD_LEASE_SECONDS: '2',
    BUILD_HEARTBEAT_SECONDS: '1',
    BUILD_REAPER_SECONDS: '1',
    BUILD_STAGE_PAUSE_MS: '300',
  };
  expect(
    spawnSync(process.execPath, ['dist/db-migrate.js'], { env: { ...process.env, ...environment }, timeout: 30_000 })
      .status,
  ).toBe(0);
  const platform = await PlatformProcess.start(environment);
  try {
    const { http } = platform;
    const { data } = await http.post<{ project_id: string }>('/api/v1/projects', {
      requirement: 'An assistant that converts units of weight.',
    });
    await engine.stop();
    const read = await http.get('/api/v1/projects');
    expect(read).toMatchObject({ status: 503, error: { code: 'DATABASE_ERROR' } });
    expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await http.post('/api/v1/projects', { requirement: 'An assistant that waits.' })).toMatchObject({
      status: 503,
    });
    expect((await http.get('/health/ready')).status).toBe(503);
    expect((await http.get('/health')).status).toBe(200);
    expect((await http.get('/health/live')).status).toBe(200);
    expect((await http.get('/health/detailed')).data).toMatchObject({
      status: 'degraded',
      checks: { database: { status: 'unhealthy' } },
    });
    engine = await EngineProcess.start(program, port);
    await eventually(
      () => http.get('/health/ready'),
      ({ status }) => status === 200,
    );
    const project = await eventually(
      async () => (await http.get<{ status: string; progress: number }>(`/api/v1/projects/${data.project_id}`)).data,
      ({ status }) => status === 'completed' || status === 'failed',
      30_000,
    );
    expect(project).toMatchObject({ status: 'completed', progress: 100 });
  } finally {
    await platform.kill('SIGKILL');
  }
}, 90_000);
