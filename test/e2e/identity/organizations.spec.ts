import { startApp, type TestApp } from '../../support/app.js';
import { eventually, HttpClient } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { startBeside } from '../../support/shared-app.js';

let app: TestApp;
let mail: MailServer;
beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings });
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

const PASSWORD = 'seven quiet harbours';
interface SignedIn {
  access_token: string;
  user: { user_id: string; org_id: string; roles: string[]; email: string };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const call = async <T>(token: string, method: string, path: string, body?: unknown) => {
  const response = await app.http.anonymous().raw(method, path, body === undefined ? undefined : JSON.stringify(body), {
    ...(token ? bearer(token) : {}),
    'content-type': 'application/json',
  });
  const parsed = (await response.json()) as { data: T; error: { code: string; details: Record<string, unknown> } };
  return { status: response.status, body: parsed as unknown as T, data: parsed.data, error: parsed.error };
};
let count = 0;
const register = async () => {
  const given = { email: `o${++count}@example.com`, password: PASSWORD, name: 'Ada', organization_name: 'Engines' };
  return (await mail.register(app.http, given)).body as unknown as SignedIn;
};
const inviting = (admin: SignedIn, email: string, roles: string[]) =>
  call<{ invitation_id: string }>(admin.access_token, 'POST', `/api/v1/organizations/${admin.user.org_id}/members`, {
    email,
    roles,
  });
/** With the token of the mail. */
const invite = async (admin: SignedIn, email: string, roles: string[]) => {
  const answer = await inviting(admin, email, roles);
  if (answer.status !== 201) return { ...answer, data: { ...answer.data, invitation_token: '' } };
  const { token } = await mail.invitation(email.toLowerCase());
  return { ...answer, data: { ...answer.data, invitation_token: token } };
};
interface Invitations {
  invitations: { invitation_id: string; email: string; invited_by: string; mail_status: string | null }[];
  total: number;
}
const invitationsOf = async ({ access_token, user }: SignedIn) =>
  (await call<Invitations>(access_token, 'GET', `/api/v1/organizations/${user.org_id}/invitations`)).data;
const sent = ({ invitations }: Invitations) => invitations.every(({ mail_status }) => mail_status === 'sent');
const accept = (invitation_token: string, more: object = {}) =>
  call<SignedIn>('', 'POST', '/api/v1/auth/invitations/accept', { invitation_token, password: PASSWORD, ...more });
const joined = async (admin: SignedIn, roles: string[]) => {
  const { data } = await invite(admin, `m${++count}@example.com`, roles);
  return (await accept(data.invitation_token, { name: 'Grace' })).body;
};

describe('an invitation', () => {
  it('is mailed to its address, never shown to its inviter, and proves the address', async () => {
    const admin = await register();
    const email = `m${++count}@example.com`;
    const { status, data } = await inviting(admin, email, ['viewer']);
    expect([status, data]).toEqual([201, expect.objectContaining({ email, mail_status: 'pending' })]);
    expect(JSON.stringify(data)).not.toMatch(/nx[im]_/);
    const { subject, text, token } = await mail.invitation(email);
    expect(subject).toBe('You have been invited - Nexus');
    expect(text).toContain('You have been invited to the organization Engines.');
    expect(text).toContain('valid for seven days');
    expect(await eventually(() => invitationsOf(admin), sent)).toMatchObject({
      invitations: [{ mail_status: 'sent' }],
    });
    const { body } = await accept(token, { name: 'Grace' });
    const me = await call<{ email_verified: boolean }>(body.access_token, 'GET', '/api/v1/auth/me');
    expect(me.body).toMatchObject({ email, email_verified: true });
    expect((await call('', 'POST', '/api/v1/auth/password/reset', { token, password: PASSWORD })).status).toBe(401);
  });

  it('says when the mail server refuses its address for good', async () => {
    const admin = await register();
    mail.answer = 'refuse';
    await inviting(admin, `m${++count}@example.com`, ['viewer']);
    const { invitations } = await eventually(
      () => invitationsOf(admin),
      ({ invitations: [one] }) => one?.mail_status !== 'pending',
    );
    mail.answer = 'accept';
    expect(invitations.map(({ mail_status }) => mail_status)).toEqual(['failed']);
  });

  it('is mailed to one address ten times a day, whichever organization invites', async () => {
    const [admin, other] = [await register(), await register()];
    const email = `m${++count}@example.com`;
    for (let sent = 0; sent < 10; sent++) expect((await inviting(admin, email, ['viewer'])).status).toBe(201);
    const refused = await inviting(other, email, ['viewer']);
    expect([refused.status, refused.error.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
  });

  it('names its organization without anything that a mail program makes a link', async () => {
    const admin = await register();
    const { access_token, user } = admin;
    const name = 'Win at https://evil.example/x\nnow';
    const renamed = await app.http
      .anonymous()
      .raw('PATCH', `/api/v1/organizations/${user.org_id}`, JSON.stringify({ name }), {
        ...bearer(access_token),
        'content-type': 'application/json',
      });
    expect(renamed.status).toBe(200);
    const email = `m${++count}@example.com`;
    await inviting(admin, email, ['viewer']);
    expect((await mail.invitation(email)).text).toContain('to the organization Win at https evil example x now.');
  });

  it('has its token in the answer only without mail, and is then accepted for an unproven address, also later with mail', async () => {
    const silent = await startBeside(app, undefined, { NEXUS_BCRYPT_ROUNDS: '4' });
    const invited = async () => {
      const members = '/api/v1/organizations/without-mail/members';
      const given = { email: `m${++count}@example.com`, roles: ['viewer'] };
      const { status, data } = await silent.http.as('without-mail').post<{ invitation_token: string }>(members, given);
      expect([status, data]).toEqual([201, expect.objectContaining({ mail_status: null })]);
      return data.invitation_token;
    };
    try {
      const path = '/api/v1/auth/invitations/accept';
      const given = { invitation_token: await invited(), password: PASSWORD, name: 'Grace' };
      const there = await silent.http.anonymous().post(path, given);
      const { access_token } = there.body as unknown as SignedIn;
      const me = await silent.http.anonymous().raw('GET', '/api/v1/auth/me', undefined, bearer(access_token));
      expect(await me.json()).toMatchObject({ email_verified: false });
      expect((await accept(await invited(), { name: 'Grace' })).status).toBe(200);
    } finally {
      await silent.close();
    }
  });

  it('makes a new user a member, once', async () => {
    const admin = await register();
    const { status, data } = await invite(admin, 'Grace@Example.com', ['developer']);
    expect(status).toBe(201);
    const { body } = await accept(data.invitation_token, { name: 'Grace' });
    expect(body.user).toMatchObject({ email: 'grace@example.com', org_id: admin.user.org_id, roles: ['developer'] });
    expect((await accept(data.invitation_token, { name: 'Grace' })).status).toBe(404);
    const members = await call<{ members: { email: string; roles: string[] }[] }>(
      admin.access_token,
      'GET',
      `/api/v1/organizations/${admin.user.org_id}/members`,
    );
    expect(members.data.members.map(({ email, roles }) => [email, roles])).toEqual([
      [admin.user.email, ['admin']],
      ['grace@example.com', ['developer']],
    ]);
  });

  it('does not tell its holder whether the address has an account, and ends with its inviter', async () => {
    const [admin, other] = [await register(), await register()];
    const answers = async (email: string) => {
      const { data } = await invite(admin, email, ['viewer']);
      const token = data.invitation_token;
      const tries = [
        await accept(token, { password: 'not the password' }),
        await accept(token, { password: 'x', name: 'A' }),
      ];
      return tries.map(({ status, error }) => ({ status, error: { ...error, trace_id: '' } }));
    };
    const unknown = await answers(`m${++count}@example.com`);
    expect(unknown.map(({ status }) => status)).toEqual([401, 400]);
    expect(await answers(other.user.email)).toEqual(unknown);
    const second = await joined(admin, ['admin']);
    const [left, kept] = [
      await invite(second, `m${++count}@example.com`, ['viewer']),
      await invite(admin, `m${++count}@example.com`, ['viewer']),
    ];
    await call(
      admin.access_token,
      'DELETE',
      `/api/v1/organizations/${admin.user.org_id}/members/${second.user.user_id}`,
    );
    expect((await accept(left.data.invitation_token, { name: 'Grace' })).status).toBe(404);
    expect((await accept(kept.data.invitation_token, { name: 'Grace' })).status).toBe(200);
  });

  it('gives no role that its inviter has lost', async () => {
    const admin = await register();
    const second = await joined(admin, ['admin']);
    const { data } = await invite(second, `m${++count}@example.com`, ['admin']);
    const roles = `/api/v1/organizations/${admin.user.org_id}/members/${second.user.user_id}/roles`;
    expect((await call(admin.access_token, 'PUT', roles, { roles: ['viewer'] })).status).toBe(200);
    expect((await accept(data.invitation_token, { name: 'Grace' })).status).toBe(404);
  });

  it('is for ASCII local parts: a Kelvin sign is no k', async () => {
    const admin = await register();
    expect((await invite(admin, '\u212Aate@example.com', ['viewer'])).error.details).toMatchObject({
      fields: { email: expect.any(Array) as unknown },
    });
    const given = { password: PASSWORD, name: 'A', organization_name: 'A' };
    const asked = await call('', 'POST', '/api/v1/auth/register', { ...given, email: '\u212Aate@example.com' });
    expect([asked.status, Object.keys(asked.error.details['fields'] as object)]).toEqual([400, ['email']]);
  });

  it('is listed without its token until it is accepted, and can be taken back', async () => {
    const admin = await register();
    const own = `/api/v1/organizations/${admin.user.org_id}/invitations`;
    const list = () => invitationsOf(admin);
    const [first, second] = [
      (await invite(admin, 'first@example.com', ['viewer'])).data,
      (await invite(admin, 'second@example.com', ['developer'])).data,
    ];
    const { invitations, total } = await list();
    expect(total).toBe(2);
    expect(invitations.map(({ email, invited_by }) => [email, invited_by])).toEqual([
      ['first@example.com', admin.user.user_id],
      ['second@example.com', admin.user.user_id],
    ]);
    expect(JSON.stringify(invitations)).not.toContain(first.invitation_token.slice(4));
    const revoke = () => call(admin.access_token, 'DELETE', `${own}/${invitations[0]?.invitation_id ?? ''}`);
    expect(await revoke()).toMatchObject({ status: 200, data: { revoked: true } });
    expect((await revoke()).status).toBe(404);
    expect((await accept(first.invitation_token, { name: 'First' })).status).toBe(404);
    expect((await accept(second.invitation_token, { name: 'Second' })).status).toBe(200);
    expect(await list()).toEqual({ invitations: [], total: 0 });
  });

  it('accepted and taken back at once is one of both, never a member without an invitation', async () => {
    const admin = await register();
    const own = `/api/v1/organizations/${admin.user.org_id}`;
    const { data } = await invite(admin, `m${++count}@example.com`, ['viewer']);
    const { invitation_id } = data;
    const [accepted, revoked] = await Promise.all([
      accept(data.invitation_token, { name: 'Grace' }),
      call(admin.access_token, 'DELETE', `${own}/invitations/${invitation_id}`),
    ]);
    expect([accepted.status, revoked.status].sort()).toEqual([200, 404]);
    const members = await call<{ total: number }>(admin.access_token, 'GET', `${own}/members`);
    expect(members.data.total).toBe(accepted.status === 200 ? 2 : 1);
  });

  it('takes the password of an account that exists, and lets it switch', async () => {
    const [admin, other] = [await register(), await register()];
    const { data } = await invite(admin, other.user.email, ['viewer']);
    expect((await accept(data.invitation_token, { password: 'not the password' })).status).toBe(401);
    expect((await accept(data.invitation_token)).body.user).toMatchObject({
      org_id: admin.user.org_id,
      roles: ['viewer'],
    });
    const path = `/api/v1/organizations/${admin.user.org_id}/switch`;
    const switched = (await call<SignedIn>(other.access_token, 'POST', path)).body;
    expect(switched.user).toMatchObject({ user_id: other.user.user_id, org_id: admin.user.org_id, roles: ['viewer'] });
    const organizations = await call<{ total: number }>(switched.access_token, 'GET', '/api/v1/organizations');
    expect(organizations.data.total).toBe(2);
    expect((await call((await register()).access_token, 'POST', path)).status).toBe(404);
  });

  it('gives no role beyond the own ones', async () => {
    const admin = await register();
    expect((await invite(admin, 'x@example.com', ['system_admin'])).status).toBe(400);
    expect((await invite(admin, 'x@example.com', [])).status).toBe(400);
  });
});

describe('a member', () => {
  it('has other roles from the next sign-in on, and is refused at once when an administrator removes it', async () => {
    const admin = await register();
    const member = await joined(admin, ['viewer']);
    const own = `/api/v1/organizations/${admin.user.org_id}/members/${member.user.user_id}`;
    const build = ({ access_token } = member) => call(access_token, 'POST', '/api/v1/projects', {});
    expect((await build()).status).toBe(403);
    expect((await call(admin.access_token, 'PUT', `${own}/roles`, { roles: ['developer'] })).status).toBe(200);
    expect((await build()).status).toBe(401);
    const login = { email: member.user.email, password: PASSWORD };
    const again = (await call<SignedIn>('', 'POST', '/api/v1/auth/login', login)).body;
    expect((await build(again)).status).toBe(400);
    expect((await call(admin.access_token, 'DELETE', own)).status).toBe(200);
    expect((await build(again)).status).toBe(401);
    expect((await call(admin.access_token, 'DELETE', own)).status).toBe(404);
  });

  it('who is the last administrator stays one; of two at once one stays', async () => {
    const admin = await register();
    const path = (user_id: string) => `/api/v1/organizations/${admin.user.org_id}/members/${user_id}`;
    const last = await call(admin.access_token, 'DELETE', path(admin.user.user_id));
    expect({ status: last.status, code: last.error.code }).toEqual({ status: 400, code: 'INVALID_STATE' });
    const demoted = { roles: ['developer'] };
    expect((await call(admin.access_token, 'PUT', `${path(admin.user.user_id)}/roles`, demoted)).status).toBe(400);
    const second = await joined(admin, ['admin']);
    const leave = (who: SignedIn) => call(who.access_token, 'DELETE', path(who.user.user_id));
    const statuses = (await Promise.all([leave(admin), leave(second)])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 400]);
  });
});

it('creates another organisation, in which the creator is administrator', async () => {
  const { access_token } = await register();
  const { status, data } = await call<{ org_id: string }>(access_token, 'POST', '/api/v1/organizations', {
    name: 'Second',
  });
  expect({ status, data }).toMatchObject({ status: 201, data: { name: 'Second', roles: ['admin'] } });
  const { body } = await call<SignedIn>(access_token, 'POST', `/api/v1/organizations/${data.org_id}/switch`);
  expect(body.user.org_id).toBe(data.org_id);
});

describe('an API key', () => {
  const create = async (http: HttpClient, body: object) =>
    http.post<{ api_key: string; key_id: string }>('/api/v1/api-keys', { name: 'script', ...body });
  const status = async (headers: Record<string, string>, method = 'GET', path = '/api/v1/projects') =>
    (await app.http.anonymous().raw(method, path, undefined, headers)).status;

  it('is taken in both headers, does what its roles allow, and is listed without its secret', async () => {
    const admin = app.http.as('keys', 'keeper');
    const { data } = await create(admin, { roles: ['viewer'] });
    expect(data.api_key).toMatch(/^nxs_[\w-]{43}$/);
    expect(await status(bearer(data.api_key))).toBe(200);
    expect(await status({ 'x-api-key': data.api_key })).toBe(200);
    expect(await status({ 'x-api-key': data.api_key }, 'POST')).toBe(403);
    expect(await status({ 'x-api-key': data.api_key }, 'GET', '/api/v1/organizations')).toBe(403);
    expect(await status({ 'x-api-key': `${data.api_key}x` })).toBe(401);
    // With both, a valid one wins.
    const wrong = { key: `${data.api_key}x`, token: 'Bearer x.y.z' };
    expect(await status({ 'x-api-key': data.api_key, authorization: wrong.token })).toBe(200);
    expect(await status({ 'x-api-key': wrong.key, authorization: `Bearer ${data.api_key}` })).toBe(200);
    expect(await status({ 'x-api-key': wrong.key, authorization: wrong.token })).toBe(401);
    const list = await eventually(
      () => admin.get<{ keys: { last_used_at: string | null }[] }>('/api/v1/api-keys'),
      ({ data: { keys } }) => keys[0]?.last_used_at !== null,
    );
    expect(list.data).toMatchObject({
      total: 1,
      keys: [{ key_id: data.key_id, created_by: 'keeper', last_used_at: expect.any(String) as unknown }],
    });
    expect(JSON.stringify(list.data)).not.toContain(data.api_key.slice(4));
    expect((await admin.delete(`/api/v1/api-keys/${data.key_id}`)).status).toBe(200);
    expect(await status(bearer(data.api_key))).toBe(401);
  });

  it('never holds more than its creator, also not later', async () => {
    const admin = await register();
    const second = await joined(admin, ['admin']);
    const own = `/api/v1/organizations/${admin.user.org_id}/members/${second.user.user_id}`;
    const { data } = await call<{ api_key: string }>(second.access_token, 'POST', '/api/v1/api-keys', {
      name: 'k',
      roles: ['viewer', 'admin'],
    });
    expect(await status(bearer(data.api_key), 'GET', '/api/v1/audit')).toBe(200);
    await call(admin.access_token, 'PUT', `${own}/roles`, { roles: ['developer'] });
    expect(await status(bearer(data.api_key), 'GET', '/api/v1/audit')).toBe(403);
    expect(await status(bearer(data.api_key))).toBe(200);
    await call(admin.access_token, 'DELETE', own);
    expect(await status(bearer(data.api_key))).toBe(401);
  });

  it('that expires makes no key that outlives it', async () => {
    const admin = app.http.as('minting-keys', 'keeper');
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const expires_at = at(60_000);
    const { data } = await create(admin, { roles: ['admin'], expires_at });
    const mint = (body: object) =>
      call<{ expires_at: string }>(data.api_key, 'POST', '/api/v1/api-keys', { name: 'k', ...body });
    for (const body of [{}, { expires_at: at(120_000) }])
      expect(await mint({ roles: ['viewer'], ...body })).toMatchObject({
        status: 400,
        error: { details: { fields: { expires_at: [expect.stringContaining(expires_at) as string] } } },
      });
    expect(await mint({ roles: ['viewer'], expires_at })).toMatchObject({ status: 201, data: { expires_at } });
    const endless = await create(admin, { roles: ['admin'] });
    expect(
      (await call(endless.data.api_key, 'POST', '/api/v1/api-keys', { name: 'k', roles: ['viewer'] })).status,
    ).toBe(201);
  });

  it('ends when it says', async () => {
    const admin = app.http.as('ending-keys', 'keeper');
    expect((await create(admin, { roles: ['viewer'], expires_at: '2020-01-01T00:00:00Z' })).status).toBe(400);
    const { data } = await create(admin, { roles: ['viewer'], expires_at: new Date(Date.now() + 700).toISOString() });
    expect(await status(bearer(data.api_key))).toBe(200);
    await eventually(
      () => status(bearer(data.api_key)),
      (answered) => answered === 401,
    );
  });
});

describe('an API key of a member who is no administrator', () => {
  const OWN = '/api/v1/auth/api-keys';
  const create = (http: HttpClient, body: object) => http.post(OWN, { name: 'mine', roles: ['viewer'], ...body });
  const made = async (http: HttpClient, body: object = {}) =>
    (await create(http, body)).body as unknown as { key_id: string; api_key: string };
  const listOf = async (http: HttpClient) =>
    (await http.get(OWN)).body as unknown as { keys: { key_id: string }[]; total: number };
  const keyed = ({ api_key }: { api_key: string }) => new HttpClient(app.url, bearer(api_key));

  it('is made, listed and revoked by its owner only, never exceeds the role, and is audited', async () => {
    const [admin, viewer] = [app.http.as('own-keys', 'boss'), app.http.as('own-keys', 'reader', ['viewer'])];
    const strangers = [app.http.as('own-keys', 'builder', ['developer']), app.http.as('other-keys', 'reader')];
    const key = await made(viewer);
    expect(key).toMatchObject({ name: 'mine', roles: ['viewer'], expires_at: null });
    expect((await keyed(key).get('/api/v1/projects')).status).toBe(200);
    expect((await keyed(key).post('/api/v1/projects', {})).status).toBe(403);
    expect(await create(viewer, { roles: ['viewer', 'developer'] })).toMatchObject({
      status: 403,
      body: { error: { details: { roles: ['developer'] } } },
    });
    const byAdmin = await admin.post<{ key_id: string }>('/api/v1/api-keys', { name: 'k', roles: ['viewer'] });
    expect(await listOf(viewer)).toMatchObject({ total: 1, keys: [{ key_id: key.key_id, created_by: 'reader' }] });
    expect((await admin.get<{ total: number }>('/api/v1/api-keys')).data.total).toBe(2);
    for (const stranger of strangers) {
      expect((await listOf(stranger)).total).toBe(0);
      expect((await stranger.delete(`${OWN}/${key.key_id}`)).status).toBe(404);
    }
    expect((await viewer.delete(`${OWN}/${byAdmin.data.key_id}`)).status).toBe(404);
    expect(await viewer.delete(`${OWN}/${key.key_id}`)).toMatchObject({
      status: 200,
      body: { key_id: key.key_id, deleted: true },
    });
    expect((await keyed(key).get('/api/v1/projects')).status).toBe(401);
    const { entries } = (await admin.get<{ entries: object[] }>('/api/v1/audit?actor=reader')).data;
    expect(entries).toMatchObject(
      ['api_key.deleted', 'api_key.created'].map((action) => ({ action, actor: 'reader', target: key.key_id })),
    );
  });

  it('revokes itself, and neither makes nor revokes another', async () => {
    const viewer = app.http.as('leaving-keys', 'reader', ['viewer']);
    const [key, other] = [await made(viewer), await made(viewer)];
    expect((await create(keyed(key), {})).status).toBe(403);
    expect((await keyed(key).delete(`${OWN}/${other.key_id}`)).status).toBe(403);
    expect((await keyed(key).delete(`${OWN}/${key.key_id}`)).status).toBe(200);
    expect((await keyed(key).get('/api/v1/auth/me')).status).toBe(401);
    expect((await keyed(other).get('/api/v1/auth/me')).status).toBe(200);
    const audit = await app.http
      .as('leaving-keys', 'boss')
      .get<{ entries: object[] }>(`/api/v1/audit?actor=${key.key_id}&action=api_key.deleted`);
    expect(audit.data.entries).toMatchObject([{ actor: key.key_id, target: key.key_id, outcome: 'success' }]);
  });

  it('ends with the membership', async () => {
    const admin = await register();
    const member = await joined(admin, ['viewer']);
    const key = await made(new HttpClient(app.url, bearer(member.access_token)));
    expect((await keyed(key).get('/api/v1/projects')).status).toBe(200);
    await call(
      admin.access_token,
      'DELETE',
      `/api/v1/organizations/${admin.user.org_id}/members/${member.user.user_id}`,
    );
    expect((await keyed(key).get('/api/v1/projects')).status).toBe(401);
  });

  it('is refused beyond 50 that are valid', async () => {
    const viewer = app.http.as('many-keys', 'reader', ['viewer']);
    const expires_at = new Date(Date.now() + 1_000).toISOString();
    const first = await made(viewer, { expires_at });
    await Promise.all(Array.from({ length: 49 }, () => made(viewer)));
    await eventually(
      () => keyed(first).get('/api/v1/auth/me'),
      ({ status }) => status === 401,
    );
    expect((await create(viewer, {})).status).toBe(201);
    expect(await create(viewer, {})).toMatchObject({ status: 409, body: { error: { code: 'RESOURCE_CONFLICT' } } });
    expect((await listOf(viewer)).total).toBe(51);
  });
});

it('writes down who did what, for administrators of the organisation only', async () => {
  const admin = await register();
  const member = await joined(admin, ['developer']);
  await call('', 'POST', '/api/v1/auth/login', { email: member.user.email, password: 'a wrong password' });
  const { data } = await eventually(
    () => call<{ entries: { action: string; outcome: string }[] }>(admin.access_token, 'GET', '/api/v1/audit'),
    ({ data: { entries } }) => entries[0]?.outcome === 'refused',
  );
  expect(data.entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'auth.login refused',
    'auth.login success',
    'member.invited success',
    'auth.login success',
    'organization.created success',
  ]);
  expect((await call(member.access_token, 'GET', '/api/v1/audit')).status).toBe(403);
});
