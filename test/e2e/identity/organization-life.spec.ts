import { startApp, type TestApp } from '../../support/app.js';
import { builtAgent } from '../../support/built-agent.js';
import { eventually, HttpClient } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { leftoversOf } from '../../support/shared-app.js';

const PASSWORD = 'seven quiet harbours';
let app: TestApp;
let mail: MailServer;
let count = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings });
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface SignedIn {
  access_token: string;
  refresh_token: string;
  user: { user_id: string; email: string; org_id: string };
}
const client = ({ access_token }: SignedIn) => new HttpClient(app.url, { authorization: `Bearer ${access_token}` });
const post = async (path: string, body: unknown) => {
  const { status, body: said } = await app.http.anonymous().post(`/api/v1/auth/${path}`, body);
  return { status, said: said as unknown as SignedIn };
};
/** The creator and owner of an organization. */
const owner = async () => {
  const email = `owner-${++count}@example.com`;
  const given = { email, password: PASSWORD, name: 'Ada', organization_name: `Works ${count}` };
  const said = (await mail.register(app.http, given)).body as unknown as SignedIn;
  return { ...said, http: client(said), path: `/api/v1/organizations/${said.user.org_id}`, name: `Works ${count}` };
};
/** A new member of an organization. */
const join = async ({ http, path }: { http: HttpClient; path: string }, roles: string[]) => {
  const email = `member-${++count}@example.com`;
  await http.post(`${path}/members`, { email, roles });
  const { token: invitation_token } = await mail.invitation(email);
  const { said } = await post('invitations/accept', { invitation_token, password: PASSWORD, name: 'Grace' });
  return { ...said, email, http: client(said) };
};
const patch = async (http: HttpClient, path: string, body: unknown) => {
  const response = await http.raw('PATCH', path, JSON.stringify(body), { 'content-type': 'application/json' });
  return { status: response.status, body: (await response.json()) as { data: Record<string, unknown> } };
};
const remove = async (http: HttpClient, path: string, body?: unknown) => {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const response = await http.raw('DELETE', path, json, { 'content-type': 'application/json' });
  return { status: response.status, body: (await response.json()) as { data: object; error: { code: string } } };
};

it('is renamed by an administrator, also in the list of the operators', async () => {
  const { http, path, user } = await owner();
  expect((await patch(http, path, { name: '' })).status).toBe(400);
  const renamed = await patch(http, path, { name: 'Difference Engines' });
  expect([renamed.status, renamed.body.data]).toEqual([
    200,
    {
      org_id: user.org_id,
      name: 'Difference Engines',
      owner_id: user.user_id,
      created_at: expect.any(String) as unknown,
    },
  ]);
  const { data } = await http.get<{ organizations: { name: string }[] }>('/api/v1/organizations');
  expect(data.organizations.map(({ name }) => name)).toEqual(['Difference Engines']);
  const operator = app.http.as('default', 'operator', ['system_admin']);
  const listed = await operator.get<{ organizations: { name: string }[] }>('/api/v1/operator/organizations?limit=100');
  expect(listed.data.organizations.map(({ name }) => name)).toContain('Difference Engines');
  expect((await patch((await owner()).http, path, { name: 'Mine' })).status).toBe(404);
});

it('is transferred by its owner only, to a member who becomes an administrator', async () => {
  const first = await owner();
  const admin = await join(first, ['admin']);
  const second = await join(first, ['viewer']);
  const transfer = `${first.path}/transfer`;
  const refused = await admin.http.post(transfer, { user_id: admin.user.user_id });
  expect([refused.status, refused.error.details['owner_id']]).toEqual([403, first.user.user_id]);
  expect((await first.http.post(transfer, { user_id: 'usr_nobody' })).status).toBe(404);
  const path = `${first.path}/members/${first.user.user_id}`;
  const stays = await remove(admin.http, path);
  expect([stays.status, stays.body.error]).toEqual([400, expect.objectContaining({ details: { reason: 'owner' } })]);
  expect((await admin.http.put(`${path}/roles`, { roles: ['viewer'] })).status).toBe(400);
  const done = await first.http.post(transfer, { user_id: second.user.user_id });
  expect([done.status, done.data['owner_id']]).toEqual([200, second.user.user_id]);
  const { data } = await first.http.get<{ members: { user_id: string; roles: string[] }[] }>(`${first.path}/members`);
  expect(data.members.find(({ user_id }) => user_id === second.user.user_id)?.roles).toEqual(['viewer', 'admin']);
  expect((await first.http.post(transfer, { user_id: first.user.user_id })).status).toBe(403);
  expect((await remove(admin.http, path)).status).toBe(200);
});

it('is deleted by its owner only', async () => {
  const first = await owner();
  const admin = await join(first, ['admin']);
  const refused = await remove(admin.http, first.path, { name: first.name });
  expect([refused.status, refused.body.error]).toEqual([
    403,
    expect.objectContaining({ code: 'PERMISSION_DENIED', details: { owner_id: first.user.user_id } }),
  ]);
  expect((await first.http.get('/api/v1/auth/me')).status).toBe(200);
});

it('without a recorded owner is transferred by any administrator', async () => {
  const http = app.http.as('aged', 'elder');
  await app.http.as('aged', 'younger', ['developer']).get('/api/v1/projects');
  await http.get('/api/v1/projects');
  const answer = await http.post('/api/v1/organizations/aged/transfer', { user_id: 'younger' });
  expect([answer.status, answer.data['owner_id']]).toEqual([200, 'younger']);
});

it('is deleted with everything in it after its name was repeated', async () => {
  const doomed = await owner();
  const { http, path, name, user } = doomed;
  const elsewhere = await owner();
  const member = await join(doomed, ['developer']);
  await elsewhere.http.post(`${elsewhere.path}/members`, { email: member.email, roles: ['viewer'] });
  const { token: second } = await mail.invitation(member.email);
  await post('invitations/accept', { invitation_token: second, password: PASSWORD });
  const agent = await builtAgent(http);
  const session = await http.post<{ session_id: string }>(`${agent.path}/sessions`, {});
  const { session_id } = session.data;
  await http.post(`/api/v1/sessions/${session_id}/messages`, { content: 'What is 2 * 3?' });
  const run = await http.post<{ invocation_id: string }>(`${agent.path}/invoke`, { input_text: 'What is 6 * 7?' });
  const key = await http.post<{ api_key: string; key_id: string }>('/api/v1/api-keys', {
    name: 'k',
    roles: ['viewer'],
  });
  await http.post(`${path}/members`, { email: 'x@example.com', roles: ['viewer'] });
  const { token: invitation_token } = await mail.invitation('x@example.com');
  await http.post('/api/v1/tools', {
    kind: 'http',
    name: 'own_tool',
    description: 'Reads a page',
    project_id: agent.project_id,
    config: { method: 'GET', url: 'https://example.com/', input_schema: { type: 'object' } },
  });
  await http.post('/api/v1/orchestration/decisions', { context: { description: 'Should we?' } });
  await http.get('/api/v1/orchestration/partnerships');
  const ids = [user.org_id, agent.project_id, agent.agent_id, session_id, run.data.invocation_id, key.data.key_id];
  expect(Object.keys(await leftoversOf(app, ids)).length).toBeGreaterThan(8);

  expect((await remove(http, path, { name: 'another' })).status).toBe(400);
  expect((await remove(elsewhere.http, path, { name })).status).toBe(404);
  expect((await remove(member.http, path, { name })).status).toBe(403);
  const deleted = await remove(http, path, { name });
  expect([deleted.status, deleted.body.data]).toEqual([202, { org_id: user.org_id, deleting: true }]);

  const withKey = new HttpClient(app.url, { authorization: `Bearer ${key.data.api_key}` });
  for (const one of [http, member.http, withKey])
    expect((await one.get(`/api/v1/projects/${agent.project_id}`)).status).toBe(401);
  expect((await post('refresh', { refresh_token: doomed.refresh_token })).status).toBe(401);
  expect((await post('invitations/accept', { invitation_token, password: PASSWORD, name: 'X' })).status).toBe(404);
  const operator = app.http.as('default', 'operator', ['system_admin']);
  expect((await operator.get(`/api/v1/operator/organizations/${user.org_id}`)).status).toBe(404);
  expect((await post('login', { email: user.email, password: PASSWORD })).status).toBe(403);
  const back = await post('login', { email: member.email, password: PASSWORD });
  expect([back.status, back.said.user.org_id]).toEqual([200, elsewhere.user.org_id]);

  await eventually(
    () => leftoversOf(app, ids),
    (found) => Object.keys(found).length === 0,
  );
  const audit = await operator.get<{ entries: { action: string; target: string }[] }>(
    `/api/v1/audit?limit=100&actor=${user.user_id}`,
  );
  expect(audit.data.entries.map(({ action, target }) => [action, target])).toEqual([
    ['organization.deletion_completed', user.org_id],
    ['organization.deleted', user.org_id],
  ]);
});

it('is not deleted when it is the organization default', async () => {
  const answer = await remove(app.http.as('default'), '/api/v1/organizations/default', { name: 'default' });
  expect([answer.status, answer.body.error.code]).toEqual([400, 'INVALID_STATE']);
});
