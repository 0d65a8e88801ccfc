import { setTimeout as delay } from 'node:timers/promises';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, type HttpClient } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { migrate, PlatformProcess, recountStatistics } from '../support/platform-process.js';
import { faultSeed, seeded } from '../support/seeded.js';

const PREFIX = 'faults-';
const SEED = faultSeed();
/** One deletion takes a little more than half a second: the kills are spread over all of it and the moment after. */
const KILLS = 7;
const SPREAD_MS = 840;

interface Doomed extends BuiltAgent {
  sessions: string[];
  invocations: string[];
}

let database: Awaited<ReturnType<typeof startDatabase>>;
let environment: Record<string, string>;
let platform: PlatformProcess;

beforeAll(async () => {
  database = await startDatabase();
  environment = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: PREFIX,
    NEXUS_DATA_DIR: temporaryDirectory(),
  };
  migrate(environment);
  platform = await PlatformProcess.start(environment);
});
afterAll(async () => {
  await platform.kill('SIGKILL');
  await database.stop();
});

/** A built project with sessions, messages and invocations. */
async function doomed(http: HttpClient): Promise<Doomed> {
  const agent = await builtAgent(http);
  const sessions: string[] = [];
  const invocations: string[] = [];
  for (const content of ['What is 2 * 3?', 'What is 10 % of 50?']) {
    const { session_id } = (await http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data;
    sessions.push(session_id);
    await http.post(`/api/v1/sessions/${session_id}/messages`, { content });
    const run = await http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: content });
    invocations.push(run.data.invocation_id);
  }
  return { ...agent, sessions, invocations };
}

/** Kills the platform in the middle of a deletion and starts it again. */
async function deleteAndKill({ project_id }: Doomed, after_ms: number): Promise<void> {
  const deletion = platform.http.delete(`/api/v1/projects/${project_id}`).catch(() => undefined);
  await delay(after_ms);
  await platform.kill('SIGKILL');
  await deletion;
  platform = await PlatformProcess.start(environment);
  const path = `/api/v1/projects/${project_id}`;
  // Killed before the deletion was accepted: nothing happened, and it can be asked for again.
  if ((await platform.http.get(path)).status === 200) expect((await platform.http.delete(path)).status).toBe(200);
}

const pathsOf = ({ project_id, path, sessions, invocations }: Doomed): string[] => [
  `/api/v1/projects/${project_id}`,
  `/api/v1/projects/${project_id}/artifacts`,
  path,
  ...sessions.map((id) => `/api/v1/sessions/${id}`),
  ...invocations.map((id) => `/api/v1/invocations/${id}`),
];

/** Counters keep what was: statistics of the past stay. */
async function withoutCounters(ids: string[]): Promise<Record<string, unknown[]>> {
  const { PlatformStatistics: _counters, ...records } = await leftovers(database.endpoint, PREFIX, ids);
  return records;
}

it(`a deletion that is killed at any moment is finished by the next start and leaves nothing (seed ${SEED})`, async () => {
  const next = seeded(SEED);
  const kept = await doomed(platform.http);
  const all: Doomed[] = [];
  for (let kill = 0; kill < KILLS; kill++) all.push(await doomed(platform.http));
  for (const [kill, one] of all.entries()) await deleteAndKill(one, ((kill + next()) * SPREAD_MS) / KILLS);
  const ids = all.flatMap(({ project_id, sessions, invocations }) => [project_id, ...sessions, ...invocations]);
  await eventually(
    () => withoutCounters(ids),
    (found) => Object.keys(found).length === 0,
  );
  const { http } = platform;
  for (const path of all.flatMap(pathsOf))
    expect({ path, status: (await http.get(path)).status }).toEqual({ path, status: 404 });
  for (const path of pathsOf(kept))
    expect({ path, status: (await http.get(path)).status }).toEqual({ path, status: 200 });
  const { data } = await http.get('/api/v1/statistics/overview');
  expect(data).toMatchObject({ total_builds: KILLS + 1, successful_builds: KILLS + 1, running_agents: 1 });
  expect(data['today_calls']).toBe((KILLS + 1) * (kept.invocations.length + kept.sessions.length));
  await platform.kill('SIGTERM');
  expect(recountStatistics(environment)).toEqual({ status: 0, output: '0 differences found\n' });
});
