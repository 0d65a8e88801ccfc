import { startApp, type TestApp } from '../support/app.js';
import { type HttpClient } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { allPages } from '../support/pages.js';
import { registeredAgent } from '../support/registered-agent.js';

interface Run {
  invocation_id: string;
  agent_id: string;
  input_text: string;
  created_at: string;
}
interface Session {
  session_id: string;
  display_name: string;
  last_active_at: string;
}

let app: TestApp;
let http: HttpClient;
const runs: Run[] = [];

const listed = async (query: string): Promise<string[]> =>
  (await http.get<{ invocations: Run[] }>(`/api/v1/invocations?${query}`)).data.invocations.map(
    ({ input_text }) => input_text,
  );

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  http = app.http.as('lists');
  const wishes = { org_id: 'lists', project_id: 'proj_lists' };
  const one = await registeredAgent(app, { ...wishes, agent_name: 'one' });
  const two = await registeredAgent(app, { ...wishes, agent_name: 'two' });
  const foreign = await registeredAgent(app, { project_id: 'proj_foreign', agent_name: 'foreign' });
  await app.http.post(`${foreign.path}/invoke`, { input_text: 'of others' });
  await app.http.post(`${foreign.path}/sessions`, { display_name: 'of others' });
  for (const [{ path }, input_text] of [
    [one, 'first'],
    [two, 'fail model'],
    [one, 'third'],
    [two, 'fourth'],
  ] as const)
    await http.post(`${path}/invoke`, { input_text });
  runs.push(...(await http.get<{ invocations: Run[] }>('/api/v1/invocations')).data.invocations);
});
afterAll(() => app.close());

const encoded = (time: string | undefined): string => encodeURIComponent(time ?? '');

describe('the runs of all agents', () => {
  it('are those of the organization, newest first', () => {
    expect(runs.map(({ agent_id, input_text }) => [agent_id, input_text])).toEqual([
      ['proj_lists:two', 'fourth'],
      ['proj_lists:one', 'third'],
      ['proj_lists:two', 'fail model'],
      ['proj_lists:one', 'first'],
    ]);
    expect(runs[0]).not.toHaveProperty('trace');
  });

  it('are filtered by status, by agent and by both', async () => {
    expect(await listed('status=failed')).toEqual(['fail model']);
    expect(await listed('agent_id=proj_lists:one')).toEqual(['third', 'first']);
    expect(await listed('agent_id=proj_lists:two&status=success')).toEqual(['fourth']);
  });

  it('are filtered by time, in any zone, both bounds included', async () => {
    const [, third, failed] = runs.map(({ created_at }) => created_at);
    expect(await listed(`from=${encoded(failed)}&to=${encoded(third)}`)).toEqual(['third', 'fail model']);
    const elsewhere = new Date(Date.parse(third ?? '') + 3_600_000).toISOString().replace('Z', '+01:00');
    expect(await listed(`from=${encoded(elsewhere)}`)).toEqual(['fourth', 'third']);
    expect(await listed('from=2100-01-01')).toEqual([]);
  });

  it('are paged without gaps or repetitions', async () => {
    const found = await allPages<Run>(http, { path: '/api/v1/invocations', list: 'invocations', limit: 1 });
    expect(found).toEqual(runs);
  });

  it.each([
    ['from=2026-11-21&to=2026-11-20', 'from'],
    ['status=lost', 'status'],
    ['to=yesterday', 'to'],
  ])('refuse %s by name', async (query, field) => {
    for (const path of ['/api/v1/invocations', '/api/v1/agents/proj_lists:one/invocations']) {
      const { status, error } = await http.get(`${path}?${query}`);
      expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, [field]]);
    }
  });

  it('refuse the cursor of another filter or organization, and an agent of another organization', async () => {
    const { data } = await http.get<{ last_key: string }>('/api/v1/invocations?limit=1');
    const cursor = encodeURIComponent(data.last_key);
    expect((await http.get(`/api/v1/invocations?status=failed&last_key=${cursor}`)).status).toBe(400);
    expect((await app.http.get(`/api/v1/invocations?last_key=${cursor}`)).status).toBe(400);
    expect((await http.get('/api/v1/invocations?agent_id=proj_foreign:foreign')).status).toBe(404);
  });
});

describe('the sessions of all agents', () => {
  it('are those of the organization, last active first, with filters, without deleted ones', async () => {
    const own = app.http.as('talks');
    const [one, two] = await Promise.all(
      ['one', 'two'].map((agent_name) =>
        registeredAgent(app, { org_id: 'talks', project_id: 'proj_talks', agent_name }),
      ),
    );
    for (const [agent, display_name, user_id] of [
      [one, 'a', 'ada'],
      [two, 'b', 'ben'],
      [one, 'c', 'ben'],
    ] as const)
      await own.post(`${agent?.path ?? ''}/sessions`, { display_name, user_id });
    const sessions = async (query: string): Promise<string[]> =>
      (await own.get<{ sessions: Session[] }>(`/api/v1/sessions?${query}`)).data.sessions.map(
        ({ display_name }) => display_name,
      );
    expect(await sessions('')).toEqual(['c', 'b', 'a']);
    expect(await sessions('agent_id=proj_talks:one')).toEqual(['c', 'a']);
    expect(await sessions('user_id=ben')).toEqual(['c', 'b']);
    expect(await sessions('status=closed')).toEqual([]);
    expect(await sessions('to=2020-01-01')).toEqual([]);
    const pages = await allPages<Session>(own, { path: '/api/v1/sessions', list: 'sessions', limit: 1 });
    expect(pages.map(({ display_name }) => display_name)).toEqual(['c', 'b', 'a']);
    const { data } = await own.get<{ sessions: Session[] }>('/api/v1/sessions');
    const [c, , a] = data.sessions.map(({ session_id }) => session_id);
    await own.post(`/api/v1/sessions/${a ?? ''}/messages`, { content: 'hello' });
    expect(await sessions('')).toEqual(['a', 'c', 'b']);
    await own.delete(`/api/v1/sessions/${c ?? ''}`);
    expect(await sessions('')).toEqual(['a', 'b']);
  });
});

describe('the documents of a session', () => {
  it('are listed with name, size and time, in pages, for its own organization only', async () => {
    const own = app.http.as('documents');
    const { path: agent } = await registeredAgent(app, { org_id: 'documents', project_id: 'proj_documents' });
    const { data } = await own.post<Session>(`${agent}/sessions`, {});
    const path = `/api/v1/sessions/${data.session_id}/documents`;
    expect((await own.get(path)).data).toEqual({ documents: [], total: 0, last_key: null });
    expect((await own.get(`${path}?last_key=none`)).status).toBe(400);
    const upload = `${agent}/sessions/${data.session_id}/upload`;
    for (const text of ['Returns within 30 days.', 'Shipping is free.']) await own.rawForm('POST', upload, text);
    const documents = await allPages(own, { path, list: 'documents', limit: 1 });
    const uploaded_at = expect.stringMatching(/^20\d\d-.*Z$/) as unknown;
    const file_id = expect.stringMatching(/^file_/) as unknown;
    expect(documents).toEqual([
      { file_id, filename: 'note.txt', characters: 23, uploaded_at },
      { file_id, filename: 'note.txt', characters: 17, uploaded_at },
    ]);
    expect((await http.get(path)).status).toBe(404);
  });
});
