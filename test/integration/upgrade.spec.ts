import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { startApp, type TestApp } from '../support/app.js';
import { temporaryDirectory } from '../support/database.js';
import { eventually, HttpClient } from '../support/http.js';

/** What version 1.0.0 answered when it had written the database beside it. */
interface Written {
  email: string;
  password: string;
  project_id: string;
  agent_id: string;
  session_id: string;
  invocation_id: string;
  answers: Record<string, unknown>;
}

const FOLDER = 'test/upgrade/1.0.0';
const written = JSON.parse(readFileSync(join(FOLDER, 'answers.json'), 'utf8')) as Written;

let app: TestApp;
let http: HttpClient;

/** This version on a copy of the data directory of version 1.0.0, and the client of the administrator of that time. */
beforeEach(async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'nexus.db'), gunzipSync(readFileSync(join(FOLDER, 'nexus.db.gz'))));
  app = await startApp({ NEXUS_DATABASE: 'embedded', NEXUS_DATA_DIR: directory, NEXUS_TABLE_PREFIX: '' });
  const { email, password } = written;
  const answer = await new HttpClient(app.url).post('/api/v1/auth/login', { email, password });
  const { access_token } = answer.body as unknown as { access_token: string };
  http = new HttpClient(app.url, { authorization: `Bearer ${access_token}` });
});
afterEach(() => app.close());

it('reads what version 1.0.0 has written as it was', async () => {
  const now: Record<string, unknown> = {};
  for (const path of Object.keys(written.answers)) {
    // The orchestration API has no envelope.
    const { body, data } = await http.get(path);
    now[path] = 'data' in body ? data : body;
  }
  expect(now).toMatchObject(written.answers);
});

it('continues and deletes what version 1.0.0 has written', async () => {
  const { session_id, agent_id, project_id, invocation_id } = written;
  const said = await http.post<{ content: string }>(`/api/v1/sessions/${session_id}/messages`, {
    content: 'What is my name?',
  });
  expect([said.status, said.data.content]).toEqual([200, expect.stringContaining('Ada')]);
  const path = `/api/v1/agents/${encodeURIComponent(agent_id)}`;
  const run = await http.post<{ status: string }>(`${path}/invoke`, { input_text: 'Add 1 and 2.' });
  expect([run.status, run.data.status]).toEqual([200, 'success']);
  // Stored in a table that version 1.0.0 did not have.
  const budget = await http.put(`/api/v1/budgets/agent/${encodeURIComponent(agent_id)}`, { tokens_per_day: 1_000_000 });
  expect(budget.status).toBe(200);
  expect((await http.put(`/api/v1/projects/${project_id}/control`, { action: 'restart' })).status).toBe(200);
  const built = await eventually(
    async () => (await http.get<{ status: string }>(`/api/v1/projects/${project_id}`)).data,
    ({ status }) => status === 'completed' || status === 'failed',
  );
  expect(built).toMatchObject({ status: 'completed', attempt: 2 });
  expect((await http.delete(`/api/v1/projects/${project_id}`)).status).toBe(200);
  expect((await http.get(path)).status).toBe(404);
  expect((await http.get(`/api/v1/invocations/${invocation_id}`)).status).toBe(404);
});
