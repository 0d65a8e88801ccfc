import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Settings } from '../../../src/platform/config/settings.js';
import { startApp, type TestApp } from '../../support/app.js';
import { temporaryDirectory } from '../../support/database.js';
import { eventually, HttpClient } from '../../support/http.js';
import { ADMINISTRATOR } from '../../support/platform-process.js';

const REASON = 'Ticket 4711: nobody there can sign in';

interface Access {
  access_token: string;
  expires_in: number;
  org_id: string;
  roles: string[];
}
interface Entries {
  entries: { action: string; actor: string; target: string | null; details: Record<string, unknown> }[];
}

describe('an operator of the platform', () => {
  let app: TestApp;
  let operator: HttpClient;
  let tenant: HttpClient;
  beforeAll(async () => {
    app = await startApp();
    operator = app.http.as('default', 'operator', ['viewer', 'system_admin']);
    tenant = app.http.as('tenant', 'their-admin');
    await tenant.post('/api/v1/api-keys', { name: 'k', roles: ['viewer'] });
  });
  afterAll(() => app.close());

  const enter = (http: HttpClient, org_id: string, reason: unknown = REASON) =>
    http.post(`/api/v1/operator/organizations/${org_id}/access`, { reason });
  const entered = async (org_id: string) => {
    const { body } = await enter(operator, org_id);
    return (body as unknown as Access).access_token;
  };
  const send = async (token: string, method: string, path: string, body?: object) => {
    const response = await app.http.anonymous().raw(method, path, body && JSON.stringify(body), {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    });
    return { status: response.status, body: (await response.json()) as { data: Record<string, unknown> } };
  };

  it('sees how large an organisation is and who administers it, and not what it keeps', async () => {
    const { status, data } = await operator.get('/api/v1/operator/organizations/tenant');
    expect(status).toBe(200);
    expect(data).toEqual({
      org_id: 'tenant',
      name: 'tenant',
      created_at: expect.any(String) as string,
      member_count: 1,
      api_key_count: 1,
      administrators: [{ user_id: 'their-admin', email: 'their-admin@tenant.test', name: 'their-admin' }],
    });
    expect((await operator.get('/api/v1/operator/organizations/nowhere')).status).toBe(404);
    expect((await operator.get('/api/v1/organizations/tenant/members')).status).toBe(404);
  });

  it('administers it after entering it, as its audit log says', async () => {
    const audited = app.http.as('audited', 'their-auditor');
    expect((await audited.get('/api/v1/projects')).status).toBe(200);
    const { status, body } = await enter(operator, 'audited');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 900, org_id: 'audited', roles: ['admin'] },
    });
    const { access_token } = body as unknown as Access;
    const members = await send(access_token, 'GET', '/api/v1/organizations/audited/members');
    expect(members).toMatchObject({ status: 200, body: { data: { total: 1 } } });
    const invited = { email: 'new-admin@example.com', roles: ['admin'] };
    expect((await send(access_token, 'POST', '/api/v1/organizations/audited/members', invited)).status).toBe(201);
    const log = await audited.get<Entries>('/api/v1/audit?actor=operator');
    expect(log.data.entries.map(({ action, details }) => [action, details['reason'] ?? details['email']])).toEqual([
      ['member.invited', 'new-admin@example.com'],
      ['operator.entered', REASON],
    ]);
    const platform = app.http.as('default', 'platform-auditor');
    const own = await platform.get<Entries>('/api/v1/audit?action=operator.entered');
    const known = own.data.entries.filter((entry) => entry.target === 'audited');
    expect(known).toMatchObject([{ actor: 'operator', details: { reason: REASON } }]);
  });

  it('gets in with a reason only, to what is there, and never with a key', async () => {
    expect((await enter(operator, 'tenant', null)).status).toBe(400);
    expect((await enter(operator, 'tenant', 'because')).status).toBe(400);
    expect((await enter(operator, 'nowhere')).status).toBe(404);
    const keeper = app.http.as('default', 'key-operator', ['admin', 'system_admin']);
    const { data } = await keeper.post('/api/v1/api-keys', { name: 'k', roles: ['admin'] });
    const path = '/api/v1/operator/organizations/tenant/access';
    expect((await send(String(data['api_key']), 'POST', path, { reason: REASON })).status).toBe(403);
    expect((await keeper.post('/api/v1/api-keys', { name: 'k', roles: ['system_admin'] })).status).toBe(400);
  });

  it('is no operator there, and leaves no key behind', async () => {
    const token = await entered('tenant');
    expect((await send(token, 'GET', '/api/v1/operator/organizations')).status).toBe(403);
    const key = await send(token, 'POST', '/api/v1/api-keys', { name: 'k', roles: ['viewer'] });
    expect(key).toMatchObject({ status: 403, body: { error: { code: 'PERMISSION_DENIED' } } });
  });

  it('signs out of it and of the own sign-in together', async () => {
    const leaving = app.http.as('default', 'leaving-operator', ['viewer', 'system_admin']);
    const token = ((await enter(leaving, 'tenant')).body as unknown as Access).access_token;
    expect((await send(token, 'POST', '/api/v1/auth/logout')).status).toBe(200);
    expect((await send(token, 'GET', '/api/v1/projects')).status).toBe(401);
    expect((await leaving.get('/api/v1/auth/me')).status).toBe(401);
  });

  it('is nobody in other organisations by the role of a membership elsewhere', async () => {
    const elsewhere = app.http.as('elsewhere', 'pretender', ['system_admin']);
    const { body } = await enter(elsewhere, 'tenant');
    const { access_token } = body as unknown as Access;
    expect((await send(access_token, 'GET', '/api/v1/projects')).status).toBe(401);
  });

  it('pages through all organisations that were registered', async () => {
    const names = ['One', 'Two', 'Three'];
    for (const name of names) await tenant.post('/api/v1/organizations', { name });
    const seen: string[] = [];
    let cursor = '';
    do {
      const { data } = await operator.get<{ organizations: { name: string }[]; last_key: string | null }>(
        `/api/v1/operator/organizations?limit=2${cursor}`,
      );
      seen.push(...data.organizations.map(({ name }) => name));
      cursor = data.last_key === null ? '' : `&last_key=${encodeURIComponent(data.last_key)}`;
    } while (cursor !== '');
    expect(seen).toEqual(names);
  });
});

it('npm run operators makes and unmakes one', async () => {
  const { NEXUS_ADMIN_EMAIL: email, NEXUS_ADMIN_PASSWORD: password } = ADMINISTRATOR;
  const platform = await startApp(ADMINISTRATOR);
  const settings = platform.app.get(Settings, { strict: false });
  const environment = {
    PATH: process.env['PATH'] ?? '',
    ENVIRONMENT: 'test',
    // With warnings, which belong on standard error.
    LOG_SLOW_QUERY_MS: '1',
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: settings.get('DYNAMODB_ENDPOINT') ?? '',
    DYNAMODB_TIMEOUT_SECONDS: '60',
    NEXUS_TABLE_PREFIX: settings.get('NEXUS_TABLE_PREFIX'),
    NEXUS_DATA_DIR: temporaryDirectory(),
  };
  /** The platform of this process serves meanwhile. */
  const operators = async (...args: string[]) => {
    const child = spawn(process.execPath, ['dist/commands/operators.js', ...args], { env: environment });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { status, stdout, stderr };
  };
  /** A change of roles ends the sign-in; of another process it counts when what is cached is four seconds old. */
  const listedAs = async (expected: number) => {
    const { body } = await platform.http.anonymous().post('/api/v1/auth/login', { email, password });
    const http = new HttpClient(platform.url, { authorization: `Bearer ${(body as unknown as Access).access_token}` });
    return eventually(
      () => http.get('/api/v1/operator/organizations'),
      ({ status }) => status === expected,
    );
  };
  try {
    await listedAs(403);
    expect(await operators('grant', 'nobody@example.com')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('Invite nobody@example.com') as string,
    });
    expect(await operators('make', email)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage') as string,
    });
    expect(await operators('list')).toMatchObject({ status: 0, stdout: 'There are no operators\n' });
    expect(await operators('grant', email)).toMatchObject({ status: 0, stdout: `${email} is now an operator\n` });
    expect(await operators('grant', email)).toMatchObject({ status: 0, stdout: `${email} is already an operator\n` });
    expect((await operators('list')).stdout).toContain(email);
    const { data } = await listedAs(200);
    expect(data).toMatchObject({ organizations: [{ org_id: 'default', name: 'Default' }], last_key: null });
    expect(await operators('revoke', email)).toMatchObject({
      status: 0,
      stdout: `${email} is no longer an operator\n`,
    });
    await listedAs(403);
  } finally {
    await platform.close();
  }
});
