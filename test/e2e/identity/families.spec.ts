import { familyKey, IDENTITY_TABLE, membershipKey } from '../../../src/identity/identity.tables.js';
import { DynamoDb } from '../../../src/platform/database/client/dynamodb.js';
import { Clock } from '../../../src/shared/clock.js';

import { startApp, type TestApp } from '../../support/app.js';
import { CountingRuntime } from '../../support/counting-runtime.js';
import { eventually } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { registeredAgent } from '../../support/registered-agent.js';
import { startBeside } from '../../support/shared-app.js';
import { readEvents } from '../../support/sse.js';

const PASSWORD = 'seven quiet harbours';
interface SignedIn {
  access_token: string;
  refresh_token: string;
  user: { user_id: string; org_id: string; email: string };
}

const [here, there] = [new CountingRuntime(), new CountingRuntime()];
let app: TestApp;
let mail: MailServer;
/** Another process of the same platform. */
let beside: TestApp;
/** How far the clocks of both are ahead, in seconds. */
let ahead = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  const settings = {
    ...mail.settings,
    JWT_SECRET_KEY: 'one secret for both processes, made up here 7',
  };
  app = await startApp(settings, here);
  beside = await startBeside(app, there, settings);
  for (const { app: one } of [app, beside])
    one.get(Clock, { strict: false }).now = () => new Date(Date.now() + ahead * 1000);
});
beforeEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await beside.close();
  await app.close();
  await mail.stop();
});

let count = 0;
const call = async <T = SignedIn>(token: string, method: string, path: string, body?: object, at = app) => {
  const response = await at.http.anonymous().raw(method, `/api/v1${path}`, body && JSON.stringify(body), {
    'content-type': 'application/json',
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
  });
  return { status: response.status, body: (await response.json()) as T & { data: Record<string, unknown> } };
};
const register = async () => {
  const given = { email: `f${++count}@example.com`, password: PASSWORD, name: 'Ada', organization_name: 'Engines' };
  return (await mail.register(app.http, given)).body as unknown as SignedIn;
};
const statusOf = async ({ access_token }: { access_token: string }, at = app) =>
  (await call(access_token, 'GET', '/auth/me', undefined, at)).status;
const refresh = ({ refresh_token }: SignedIn) => call('', 'POST', '/auth/refresh', { refresh_token });
const logout = ({ access_token }: SignedIn) => call(access_token, 'POST', '/auth/logout');
const secondOrganization = async ({ access_token }: SignedIn): Promise<string> =>
  String((await call(access_token, 'POST', '/organizations', { name: 'Second' })).body.data['org_id']);
const switchTo = (org_id: string, { access_token }: SignedIn) =>
  call(access_token, 'POST', `/organizations/${org_id}/switch`);
/** A member of the admin's organization, signed in to it first and then to an organization of its own. */
const memberOf = async (admin: SignedIn) => {
  const email = `f${++count}@example.com`;
  const path = `/organizations/${admin.user.org_id}/members`;
  await call(admin.access_token, 'POST', path, { email, roles: ['admin'] });
  const given = { invitation_token: (await mail.invitation(email)).token, password: PASSWORD, name: 'Grace' };
  const member = (await call('', 'POST', '/auth/invitations/accept', given)).body;
  return { member, path: `${path}/${member.user.user_id}` };
};

/** Each answers 401 in the process that ended it, and in the other one after the time that a cache may be old. */
async function expectEnded(tokens: SignedIn[], ended: TestApp = app): Promise<void> {
  expect(await Promise.all(tokens.map((one) => statusOf(one, ended)))).toEqual(tokens.map(() => 401));
  ahead += 5;
  expect(await Promise.all(tokens.map((one) => statusOf(one, beside)))).toEqual(tokens.map(() => 401));
  expect(await Promise.all(tokens.map(async (one) => (await refresh(one)).status))).toEqual(tokens.map(() => 401));
}

describe('a sign-in', () => {
  it('goes on in another organization, for which its refresh token is good', async () => {
    const first = await register();
    const org_id = await secondOrganization(first);
    const second = (await switchTo(org_id, first)).body;
    expect(second.user.org_id).toBe(org_id);
    const next = (await refresh(second)).body;
    expect((await call<{ org_id: string }>(next.access_token, 'GET', '/auth/me')).body.org_id).toBe(org_id);
    const own = (await refresh(first)).body;
    expect((await call<{ org_id: string }>(own.access_token, 'GET', '/auth/me')).body.org_id).toBe(first.user.org_id);
  });

  it('ends with sign-out, with the tokens that it was refreshed or switched to', async () => {
    const first = await register();
    const second = (await switchTo(await secondOrganization(first), first)).body;
    const third = { ...first, ...(await refresh(first)).body };
    expect(await Promise.all([first, second, third].map((one) => statusOf(one, beside)))).toEqual([200, 200, 200]);
    expect((await logout(second)).status).toBe(200);
    await expectEnded([second, third]);
    expect(await statusOf(first)).toBe(401);
  });

  it('cannot be prolonged by a token that was signed out', async () => {
    const first = await register();
    const org_id = await secondOrganization(first);
    expect((await logout(first)).status).toBe(200);
    expect((await switchTo(org_id, first)).status).toBe(401);
  });

  it('ends as a whole when one of its refresh tokens is replayed', async () => {
    const first = await register();
    const second = (await switchTo(await secondOrganization(first), first)).body;
    const third = { ...first, ...(await refresh(first)).body };
    ahead = 9;
    expect((await refresh(first)).status).toBe(409);
    expect(await statusOf(third)).toBe(200);
    ahead = 11;
    expect((await refresh(first)).status).toBe(401);
    await expectEnded([second, third]);
  });

  it('ends when the user is removed from one of its organizations, and not another sign-in', async () => {
    const { member, path } = await memberOf(await register());
    const own = await secondOrganization(member);
    const switched = (await switchTo(own, member)).body;
    const admin = await call(member.access_token, 'DELETE', path);
    expect(admin.status).toBe(200);
    await expectEnded([member, switched]);
    const login = (await call('', 'POST', '/auth/login', { email: member.user.email, password: PASSWORD })).body;
    expect([login.user.org_id, await statusOf(login)]).toEqual([own, 200]);
  });

  it('ends 30 days after it began, however often it is refreshed', async () => {
    const began = ahead;
    let tokens = await register();
    for (let day = 6; day < 30; day += 6) {
      ahead = began + day * 86_400;
      const refreshed = await refresh(tokens);
      expect(refreshed.status).toBe(200);
      tokens = refreshed.body;
    }
    ahead = began + 30 * 86_400 + 1;
    expect((await refresh(tokens)).status).toBe(401);
    ahead = began;
  });

  it('does not come back when the user joins the organization again', async () => {
    const admin = await register();
    const { member, path } = await memberOf(admin);
    const key = await call(member.access_token, 'POST', '/api-keys', { name: 'k', roles: ['viewer'] });
    expect((await call(admin.access_token, 'DELETE', path)).status).toBe(200);
    await call(admin.access_token, 'POST', `/organizations/${admin.user.org_id}/members`, {
      email: member.user.email,
      roles: ['viewer'],
    });
    const { token } = await mail.invitation(member.user.email);
    const given = { invitation_token: token, password: PASSWORD };
    const again = (await call('', 'POST', '/auth/invitations/accept', given)).body;
    expect(await statusOf(again)).toBe(200);
    expect(await statusOf({ access_token: String(key.body.data['api_key']) })).toBe(401);
    await expectEnded([member]);
  });

  it('ends when the roles change, not when they are set to what they are', async () => {
    const admin = await register();
    const { member, path } = await memberOf(admin);
    const set = async (roles: string[]) => (await call(admin.access_token, 'PUT', `${path}/roles`, { roles })).status;
    expect([await set(['admin']), await statusOf(member)]).toEqual([200, 200]);
    expect(await set(['viewer'])).toBe(200);
    await expectEnded([member]);
    expect(await statusOf(admin)).toBe(200);
  });

  it('that ended while another process had it in its cache is refused there within 5 seconds', async () => {
    const first = await register();
    expect(await statusOf(first, beside)).toBe(200);
    const ended = performance.now();
    await logout(first);
    await eventually(
      () => statusOf(first, beside),
      (status) => status === 401,
    );
    expect(performance.now() - ended).toBeLessThan(5_000);
  });

  it('of version 1.0.0, without marks of its organizations, goes on and ends as others', async () => {
    const first = await register();
    const db = app.app.get(DynamoDb, { strict: false });
    const [, claims = ''] = first.access_token.split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
    const family = await db.get<Record<string, unknown>>(IDENTITY_TABLE, { ...familyKey(jti.split('.')[0] ?? '') });
    expect(Object.keys(family ?? {}).sort()).toEqual([
      'created_at',
      'expires_at',
      'family_id',
      'org_id',
      'pk',
      'sk',
      'user_id',
    ]);
    expect((await logout(first)).status).toBe(200);
    expect(await statusOf(first)).toBe(401);
  });
});

describe('an open stream', () => {
  const openStream = async (org_id: string, authorization: string, runtime = here) => {
    runtime.counted = 0;
    const { path } = await registeredAgent(app, { org_id, project_id: `proj_${++count}`, build_id: `bld_${count}` });
    const init = {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ input_text: 'count 4000 every 10' }),
    };
    const reading = readEvents(`${(runtime === here ? app : beside).url}${path}/invoke`, init);
    await eventually(
      async () => runtime.counted,
      (counted) => counted > 3,
    );
    return { reading };
  };

  it.each([
    ['the same process', here],
    ['another process', there],
  ])('ends within 5 seconds when its reader is removed in %s', async (_, runtime) => {
    const admin = await register();
    const { member, path } = await memberOf(admin);
    const { reading } = await openStream(admin.user.org_id, `Bearer ${member.access_token}`, runtime);
    const removed = performance.now();
    expect((await call(admin.access_token, 'DELETE', path)).status).toBe(200);
    const events = await reading;
    expect(performance.now() - removed).toBeLessThan(5_500);
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'UNAUTHENTICATED' } });
    await eventually(
      async () => runtime.stopped.length,
      (stopped) => stopped > 0,
    );
  });

  it('ends when the key that opened it is deleted', async () => {
    const admin = await register();
    const { body } = await call(admin.access_token, 'POST', '/api-keys', { name: 'k', roles: ['developer'] });
    const { reading } = await openStream(admin.user.org_id, `Bearer ${String(body.data['api_key'])}`);
    expect((await call(admin.access_token, 'DELETE', `/api-keys/${String(body.data['key_id'])}`)).status).toBe(200);
    expect((await reading).at(-1)).toMatchObject({ event: 'error', data: { code: 'UNAUTHENTICATED' } });
  });
});

describe('an operator', () => {
  interface Access {
    access_token: string;
  }
  const REASON = 'Ticket 4711: nobody there can sign in';

  it('is out of an entered organization when the own sign-in ends', async () => {
    const operator = await register();
    const tenant = await register();
    const db = app.app.get(DynamoDb, { strict: false });
    const { user_id } = operator.user;
    const membership = { org_id: 'default', user_id, email: 'x', name: 'x', roles: ['system_admin'], created_at: 'x' };
    await db.put({ TableName: IDENTITY_TABLE, Item: { ...membershipKey('default', user_id), ...membership } });
    const own = (await switchTo('default', operator)).body;
    const path = `/operator/organizations/${tenant.user.org_id}/access`;
    const entered = (await call<Access>(own.access_token, 'POST', path, { reason: REASON })).body;
    const members = `/organizations/${tenant.user.org_id}/members`;
    expect((await call(entered.access_token, 'GET', members)).status).toBe(200);
    expect((await call(entered.access_token, 'GET', members, undefined, beside)).status).toBe(200);
    await logout(operator);
    expect((await call(entered.access_token, 'GET', members)).status).toBe(401);
    ahead = 5;
    expect((await call(entered.access_token, 'GET', members, undefined, beside)).status).toBe(401);
  });
});
