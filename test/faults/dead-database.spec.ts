import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineProcess } from '../../src/platform/database/embedded/embedded-database.js';
import { dynoxide, type EngineProgram, freePort } from '../../src/platform/database/embedded/engine-program.js';
import { buildEvents, expectCleanHistory, expectOneAgent } from '../support/build-history.js';
import { builtAgent } from '../support/built-agent.js';
import { temporaryDirectory } from '../support/database.js';
import { type Answer, eventually, type HttpClient } from '../support/http.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';

const ANSWER_WITHIN_MS = 60_000;
const BUILD = { requirement: 'An assistant that converts units of weight.' };
const EXACT = { status: 0, output: '0 differences found\n' };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startPlatform(environment: Record<string, string>): Promise<PlatformProcess> {
  const platform = await PlatformProcess.start(environment);
  cleanups.push(() => platform.kill('SIGKILL'));
  return platform;
}

async function startEngine(program: EngineProgram, port: number): Promise<EngineProcess> {
  const engine = await EngineProcess.start(program, port);
  cleanups.push(() => engine.stop());
  return engine;
}

function engineOn(directory: string): EngineProgram {
  const program = dynoxide(directory);
  if (!program) throw new Error('no engine for this machine');
  return program;
}

async function expectBuilt(http: HttpClient, project_id: string): Promise<void> {
  const project = await eventually(
    async () =>
      (await http.get<{ project_id: string; status: string; agents: string[] }>(projectPath(project_id))).data,
    (answer) => ['completed', 'failed'].includes(answer.status),
  );
  expect(project).toMatchObject({ status: 'completed', progress: 100 });
  expectCleanHistory(await buildEvents(http, project_id));
  await expectOneAgent(http, project);
}

const projectPath = (project_id: string): string => `/api/v1/projects/${project_id}`;

async function expectUnavailable(ask: () => Promise<Answer>): Promise<void> {
  const asked = Date.now();
  const { status, error, headers } = await ask();
  expect(Date.now() - asked).toBeLessThan(ANSWER_WITHIN_MS);
  expect({ status, code: error.code }).toEqual({ status: 503, code: 'DATABASE_ERROR' });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

it('while the database is away everything says 503, and all is well by itself when it is back', async () => {
  const directory = temporaryDirectory();
  const port = await freePort();
  const engine = await startEngine(engineOn(directory), port);
  const environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}`,
    NEXUS_DATA_DIR: directory,
    ENGINE_LEASE_SECONDS: '2',
    ENGINE_HEARTBEAT_SECONDS: '1',
    ENGINE_REAPER_SECONDS: '1',
    BUILD_STAGE_PAUSE_MS: '300',
  };
  migrate(environment);
  const platform = await startPlatform(environment);
  const { http } = platform;
  const { data } = await http.post<{ project_id: string }>('/api/v1/projects', BUILD);
  await engine.stop();
  await expectUnavailable(() => http.get('/api/v1/projects'));
  await expectUnavailable(() => http.get(projectPath(data.project_id)));
  await expectUnavailable(() => http.post('/api/v1/projects', BUILD));
  expect((await http.get('/health/ready')).status).toBe(503);
  expect((await http.get('/health')).status).toBe(200);
  expect((await http.get('/health/live')).status).toBe(200);
  expect((await http.get('/health/detailed')).data).toMatchObject({
    status: 'degraded',
    checks: { database: { status: 'unhealthy' } },
  });
  await startEngine(engineOn(directory), port);
  await eventually(
    () => http.get('/health/ready'),
    ({ status }) => status === 200,
  );
  await expectBuilt(http, data.project_id);
  expect((await http.get<{ total: number }>('/api/v1/projects')).data.total).toBe(1);
  await platform.kill('SIGTERM');
  expect(recountStatistics(environment)).toEqual(EXACT);
});

it('an embedded database that is killed again and again comes back, and costs no build and no acknowledged run', async () => {
  const directory = temporaryDirectory();
  const environment = { NEXUS_DATA_DIR: directory, BUILD_STAGE_PAUSE_MS: '100', ENGINE_REAPER_SECONDS: '1' };
  const platform = await startPlatform({ ...environment, ENGINE_LEASE_SECONDS: '2', ENGINE_HEARTBEAT_SECONDS: '1' });
  const { http } = platform;
  const { path } = await builtAgent(http);
  const { data } = await http.post<{ project_id: string }>('/api/v1/projects', BUILD);
  const acknowledged: string[] = [];
  const killed: number[] = [];
  for (let kill = 0; kill < 3; kill++) {
    const pid = await eventually(
      async () => enginePid(directory),
      (found) => found > 1 && !killed.includes(found),
    );
    killed.push(pid);
    process.kill(pid, 'SIGKILL');
    await eventually(
      () => invoked(http, path, acknowledged),
      (status) => status === 200,
    );
  }
  await eventually(
    () => http.get('/health/ready'),
    ({ status }) => status === 200,
  );
  await expectBuilt(http, data.project_id);
  expect(acknowledged).toHaveLength(3);
  for (const id of acknowledged) expect((await http.get(`/api/v1/invocations/${id}`)).status).toBe(200);
  await platform.kill('SIGTERM');
  expect(recountStatistics(environment)).toEqual(EXACT);
});

/** The engine that runs on the directory now; 0 while its file is being written. */
function enginePid(directory: string): number {
  return Number(readFileSync(join(directory, 'engine.pid'), 'utf8'));
}

/** Runs the agent once: it works, or says that it is the database that does not. */
async function invoked(http: HttpClient, agentPath: string, acknowledged: string[]): Promise<number> {
  const { status, error, data } = await http.post<{ invocation_id: string }>(`${agentPath}/invoke`, {
    input_text: 'What is 6 * 7?',
  });
  if (status === 200) acknowledged.push(data.invocation_id);
  else expect({ status, code: error.code }).toEqual({ status: 503, code: 'DATABASE_ERROR' });
  return status;
}
