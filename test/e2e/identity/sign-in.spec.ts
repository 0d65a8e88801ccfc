import { startApp, type TestApp } from '../../support/app.js';
import { MailServer } from '../../support/mail-server.js';

const ADMIN = { email: 'root@nexus.test', password: 'four green elephants' };
let app: TestApp;
let mail: MailServer;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({
    ...mail.settings,
    NEXUS_ADMIN_EMAIL: ADMIN.email,
    NEXUS_ADMIN_PASSWORD: ADMIN.password,
    TRUSTED_PROXIES: '127.0.0.1',
    RATE_LIMIT_AUTH_PER_MINUTE: '10000',
  });
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface SignedIn {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  user: { user_id: string; email: string; org_id: string; roles: string[] };
}
const nobody = () => app.http.anonymous();
const login = async (email: string, password: string) => {
  const answer = await nobody().post('/api/v1/auth/login', { email, password });
  return { ...answer, tokens: answer.body as unknown as SignedIn };
};
/** As the platform sees a client behind its proxy. */
const loginFrom = (address: string, email: string, password: string) =>
  nobody().post('/api/v1/auth/login', { email, password }, { 'x-forwarded-for': address });
const refresh = async (refresh_token: string) => {
  const answer = await nobody().post('/api/v1/auth/refresh', { refresh_token });
  return { ...answer, tokens: answer.body as unknown as SignedIn };
};
const me = async (access_token: string) => {
  const response = await nobody().raw('GET', '/api/v1/auth/me', undefined, { authorization: `Bearer ${access_token}` });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
let count = 0;
const register = async () => {
  const email = `person-${++count}@example.com`;
  const given = { email, password: 'seven quiet harbours', name: 'Ada', organization_name: `Engines ${count}` };
  const answer = await mail.register(app.http, given);
  expect(answer.status).toBe(201);
  return { ...(answer.body as unknown as SignedIn), email, password: given.password };
};

describe('sign-in', () => {
  it('gives the first administrator tokens for the default organisation', async () => {
    const { status, tokens, headers } = await login(ADMIN.email.toUpperCase(), ADMIN.password);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^eyJ/) as unknown,
      refresh_token: expect.stringMatching(/^nxr_/) as unknown,
      token_type: 'Bearer',
      expires_in: 900,
      user: {
        user_id: expect.stringMatching(/^usr_/) as unknown,
        email: ADMIN.email,
        name: 'Administrator',
        org_id: 'default',
        roles: ['admin'],
      },
    });
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'org', 'roles', 'sub']);
    expect((await me(tokens.access_token)).body).toMatchObject({
      email: ADMIN.email,
      via: 'token',
      organizations: [{ org_id: 'default', name: 'Default', roles: ['admin'] }],
    });
  });

  it('says the same to a wrong password and to an unknown address', async () => {
    const { email } = await register();
    const wrong = await login(email, 'not the password');
    const unknown = await login('nobody@example.com', 'not the password');
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect({ ...wrong.error, trace_id: '' }).toEqual({ ...unknown.error, trace_id: '' });
  });

  it.each(['known', 'unknown'])('locks a %s address after five failures, also for the right password', async (kind) => {
    const email = kind === 'known' ? (await register()).email : 'ghost@example.com';
    const failures = await Promise.all(Array.from({ length: 5 }, () => login(email, 'a wrong password')));
    expect(failures.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    const locked = await login(email, 'seven quiet harbours');
    expect({ status: locked.status, code: locked.error.code }).toEqual({ status: 429, code: 'RATE_LIMIT_EXCEEDED' });
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
  });

  it('locks an account for the address that guessed: its owner gets in from another one', async () => {
    const { email, password } = await register();
    for (let round = 0; round < 5; round++) await loginFrom('203.0.113.1', email, 'a wrong password');
    expect((await loginFrom('203.0.113.1', email, password)).status).toBe(429);
    expect((await loginFrom('198.51.100.7', email, password)).status).toBe(200);
    expect((await loginFrom('203.0.113.1', email, password)).status).toBe(429);
  });

  it('counts the addresses of an IPv6 network together', async () => {
    const { email, password } = await register();
    for (let round = 1; round <= 5; round++) await loginFrom(`2001:db8:0:7::${round}`, email, 'a wrong password');
    expect((await loginFrom('2001:db8::7:1:2:3:4', email, password)).status).toBe(429);
    expect((await loginFrom('2001:db8:0:8::1', email, password)).status).toBe(200);
  });

  it.each(['known', 'unknown'])(
    'locks a %s account after 25 failures from everywhere, but for addresses that it has signed in from',
    async (kind) => {
      const { email, password } =
        kind === 'known' ? await register() : { email: `ghost-${++count}@example.com`, password: 'x' };
      const home = '198.51.100.1';
      await loginFrom(home, email, password);
      for (let round = 0; round < 25; round++) await loginFrom(`203.0.113.${round}`, email, 'a wrong password');
      expect((await loginFrom('203.0.113.99', email, password)).status).toBe(429);
      expect((await loginFrom(home, email, password)).status).toBe(kind === 'known' ? 200 : 429);
    },
  );

  it('forgets failures after a success', async () => {
    const { email, password } = await register();
    for (let round = 0; round < 2; round++) {
      for (let attempt = 0; attempt < 4; attempt++) expect((await login(email, 'a wrong password')).status).toBe(401);
      expect((await login(email, password)).status).toBe(200);
    }
  });

  it('refuses bodies that say more or less than they should', async () => {
    const fields = async (path: string, body: unknown) =>
      Object.keys((await nobody().post(path, body)).error.details.fields ?? {});
    expect(await fields('/api/v1/auth/login', { email: 'x', password: '' })).toEqual(['email', 'password']);
    expect(await fields('/api/v1/auth/login', { ...ADMIN, org_id: 'default' })).toEqual(['org_id']);
    const given = { email: 'm@example.com', password: 'seven quiet harbours', name: 'M', organization_name: 'M' };
    expect(await fields('/api/v1/auth/register', { ...given, roles: ['system_admin'], org_id: 'default' })).toEqual([
      'roles',
      'org_id',
    ]);
    expect(await fields('/api/v1/auth/register', { ...given, password: 'short' })).toEqual(['password']);
    expect(await fields('/api/v1/auth/register', { ...given, password: 'password1234' })).toEqual(['password']);
    expect(await fields('/api/v1/auth/register', { ...given, password: 'x'.repeat(73) })).toEqual(['password']);
  });

  it('does not keep tokens behind an idempotency key', async () => {
    const { email, password } = await register();
    const once = () => nobody().post('/api/v1/auth/login', { email, password }, { 'idempotency-key': 'same' });
    const [first, second] = [await once(), await once()];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).not.toEqual(first.body);
  });
});

describe('a refresh token', () => {
  it('is exchanged once, and of many at once exactly one wins while the sign-in goes on', async () => {
    const { refresh_token } = await register();
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 200)?.tokens.refresh_token ?? '';
    expect((await refresh(winner)).status).toBe(200);
  });

  it('that never was is refused', async () => {
    expect((await refresh('nxr_made-up')).status).toBe(401);
  });
});

describe('signing out', () => {
  it('ends the access token and the refresh tokens of this sign-in only', async () => {
    const first = await register();
    const { tokens: second } = await login(first.email, first.password);
    expect((await nobody().post('/api/v1/auth/logout', undefined, authorized(first.access_token))).status).toBe(200);
    expect((await me(first.access_token)).status).toBe(401);
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await me(second.access_token)).status).toBe(200);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });
});

describe('changing the password', () => {
  it('ends the other sign-ins, access tokens too, and takes the new password only', async () => {
    const { email, password, access_token, refresh_token } = await register();
    const { tokens: other } = await login(email, password);
    const body = { current: password, new: 'eleven silver kettles' };
    const wrong = await nobody().post('/api/v1/auth/password', { ...body, current: 'wrong' }, authorized(access_token));
    expect(wrong.status).toBe(401);
    expect((await nobody().post('/api/v1/auth/password', body, authorized(access_token))).status).toBe(200);
    expect([(await me(access_token)).status, (await me(other.access_token)).status]).toEqual([200, 401]);
    expect([(await refresh(refresh_token)).status, (await refresh(other.refresh_token)).status]).toEqual([200, 401]);
    expect([(await login(email, password)).status, (await login(email, body.new)).status]).toEqual([401, 200]);
  });
});
