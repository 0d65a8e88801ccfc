import { setTimeout as delay } from 'node:timers/promises';
import { builtAgent } from '../support/built-agent.js';
import { startDatabase, temporaryDirectory } from '../support/database.js';
import { eventually, HttpClient } from '../support/http.js';
import { leftovers } from '../support/leftovers.js';
import { ADMINISTRATOR, migrate, PlatformProcess } from '../support/platform-process.js';
import { readStreamsAs } from '../support/sse.js';

const PREFIX = 'organization-';
const NAME = 'Doomed Works';
/** The first pass takes a second, the second begins after six: kills before, in and between both, counted from each start. */
const KILLS_MS = [30, 500, 2_500, 5_800];

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

/** A client in another organization of the administrator. */
async function switched(org_id: string): Promise<HttpClient> {
  const { body } = await platform.http.post(`/api/v1/organizations/${org_id}/switch`);
  const { access_token } = body as unknown as { access_token: string };
  const http = new HttpClient(platform.http.url, { authorization: `Bearer ${access_token}` });
  readStreamsAs(http);
  return http;
}

const requestDeletion = async (http: HttpClient, org_id: string): Promise<number> =>
  (
    await http.raw('DELETE', `/api/v1/organizations/${org_id}`, JSON.stringify({ name: NAME }), {
      'content-type': 'application/json',
    })
  ).status;

it('a deletion of an organization that is killed again and again is finished by a later start and leaves nothing', async () => {
  const created = await platform.http.post<{ org_id: string }>('/api/v1/organizations', { name: NAME });
  const { org_id } = created.data;
  const http = await switched(org_id);
  const kept = await builtAgent(platform.http);
  const agent = await builtAgent(http);
  const run = await http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: 'What is 6 * 7?' });
  const session = await http.post<{ session_id: string }>(`${agent.path}/sessions`, {});
  await http.post('/api/v1/orchestration/decisions', { context: { description: 'Should we?' } });
  const ids = [org_id, agent.project_id, agent.agent_id, run.data.invocation_id, session.data.session_id];
  const request = requestDeletion(http, org_id).catch(() => undefined);
  for (const after_ms of KILLS_MS) {
    await delay(after_ms);
    await platform.kill('SIGKILL');
    await request;
    platform = await PlatformProcess.start(environment);
  }
  // Killed before it was accepted: nothing happened, and it can be asked for again.
  const organizations = await platform.http.get<{ organizations: { org_id: string }[] }>('/api/v1/organizations');
  if (organizations.data.organizations.some((one) => one.org_id === org_id))
    expect(await requestDeletion(await switched(org_id), org_id)).toBe(202);
  await eventually(
    () => leftovers(database.endpoint, PREFIX, ids),
    (found) => Object.keys(found).length === 0,
  );
  // A sign-in that has switched to the organization may have ended with it.
  const { NEXUS_ADMIN_EMAIL: email, NEXUS_ADMIN_PASSWORD: password } = ADMINISTRATOR;
  const { status, body } = await platform.http.anonymous().post('/api/v1/auth/login', { email, password });
  expect(status).toBe(200);
  const { access_token } = body as unknown as { access_token: string };
  const signedIn = new HttpClient(platform.http.url, { authorization: `Bearer ${access_token}` });
  expect((await signedIn.get(`/api/v1/agents/${kept.agent_id}`)).status).toBe(200);
});
