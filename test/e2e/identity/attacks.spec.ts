import { createHmac } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { IDENTITY_TABLE, membershipKey, userKey } from '../../../src/identity/identity.tables.js';
import { DynamoDb } from '../../../src/platform/database/client/dynamodb.js';
import { Clock } from '../../../src/shared/clock.js';
import { startApp, type TestApp } from '../../support/app.js';
import { eventually } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { testFamily } from '../../support/members.js';

const SECRET = 'a secret that only this test file uses 1';
let app: TestApp;
let mail: MailServer;
/** How far the platform's clock is ahead, in seconds. */
let ahead = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings, JWT_SECRET_KEY: SECRET });
  const clock = app.app.get(Clock, { strict: false });
  clock.now = () => new Date(Date.now() + ahead * 1000);
});
beforeEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

const now = () => Math.floor(Date.now() / 1000);
const base = () => ({
  sub: 'developer',
  org: 'default',
  roles: ['admin'],
  jti: `${testFamily('default', 'developer')}.jti_1`,
  iat: now(),
  exp: now() + 900,
  iss: 'nexus',
  aud: 'nexus-api',
});
const statusOf = async (authorization: string) => {
  const response = await app.http.anonymous().raw('GET', '/api/v1/auth/me', undefined, { authorization });
  return [response.status, ((await response.json()) as { error?: { code: string } }).error?.code];
};
const signed = (claims: object, secret = SECRET, header: jwt.SignOptions = { algorithm: 'HS256' }) =>
  `Bearer ${jwt.sign(JSON.parse(JSON.stringify(claims)) as object, secret, header)}`;
const refused = [401, 'UNAUTHENTICATED'];
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('an access token', () => {
  it('that is right is taken: the others fail for what is wrong with them', async () => {
    expect(await statusOf(signed(base()))).toEqual([200, undefined]);
  });

  it.each<[string, () => string]>([
    ['of no algorithm', () => `Bearer ${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(base())}.`],
    [
      'of no algorithm, signed',
      () => {
        const text = `${encoded({ alg: 'none' })}.${encoded(base())}`;
        return `Bearer ${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
      },
    ],
    ['of another algorithm', () => signed(base(), SECRET, { algorithm: 'HS512' })],
    ['of another key', () => signed(base(), 'another secret that is long enough, too')],
    ['that has expired', () => signed({ ...base(), exp: now() - 1 })],
    ['that is not valid yet', () => signed({ ...base(), nbf: now() + 60 })],
    ['that never ends', () => signed({ ...base(), exp: undefined })],
    ['of another issuer', () => signed({ ...base(), iss: 'somebody' })],
    ['for another audience', () => signed({ ...base(), aud: 'somebody' })],
    ['of nobody', () => signed({ ...base(), sub: 'ghost' })],
    ['of an organisation that the user does not belong to', () => signed({ ...base(), org: 'elsewhere' })],
    ['without an id', () => signed({ ...base(), jti: undefined })],
    ['of a sign-in that never was', () => signed({ ...base(), jti: 'fam_01KAG4ZQ4N5B1M6Z6K0TQX0N3R.jti_1' })],
    ['with claims of another kind', () => signed({ ...base(), org: { S: 'default' } })],
    [
      'that was changed',
      () => {
        const [header, , signature] = signed(base()).split('.');
        return `${header}.${encoded({ ...base(), sub: 'admin' })}.${signature}`;
      },
    ],
    ['that is a word', () => 'Bearer token'],
    ['that is a key of nobody', () => 'Bearer nxs_of-nobody'],
    ['in another scheme', () => `Basic ${Buffer.from('a:b').toString('base64')}`],
  ])('%s is refused', async (_, token) => {
    expect(await statusOf(token())).toEqual(refused);
  });

  it('is refused from the second on in which it expires, also when it was taken before', async () => {
    const token = signed({ ...base(), exp: now() + 2 });
    expect(await statusOf(token)).toEqual([200, undefined]);
    ahead = 3;
    await eventually(
      () => statusOf(token),
      ([status]) => status === 401,
    );
  });

  it('of another platform in the same process is refused', async () => {
    const other = await startApp();
    try {
      expect(await statusOf(other.http.headers['authorization'] ?? '')).toEqual(refused);
      expect(await statusOf(signed(base()))).toEqual([200, undefined]);
    } finally {
      await other.close();
    }
  });

  it('carries no more roles than the membership', async () => {
    const viewer = app.http.as('default', 'reader', ['viewer']);
    await viewer.get('/api/v1/auth/me');
    const jti = `${testFamily('default', 'reader')}.jti_1`;
    const token = signed({ ...base(), sub: 'reader', roles: ['system_admin'], jti });
    const asked = await app.http
      .anonymous()
      .post('/api/v1/api-keys', { name: 'k', roles: ['viewer'] }, { authorization: token });
    expect(asked.status).toBe(403);
  });

  it.each([
    ['user', 'left', userKey('quitter')],
    ['membership', 'gone', membershipKey('gone', 'leaver')],
  ])('is refused within 5 seconds of the removal of its %s by another process', async (kind, org, key) => {
    const leaver = app.http.as(org, kind === 'user' ? 'quitter' : 'leaver');
    const db = app.app.get(DynamoDb, { strict: false });
    expect((await leaver.get('/api/v1/auth/me')).status).toBe(200);
    await db.delete({ TableName: IDENTITY_TABLE, Key: { ...key } });
    ahead = 5;
    expect((await leaver.get('/api/v1/projects')).status).toBe(401);
  });
});

describe('a refresh token', () => {
  interface Tokens {
    access_token: string;
    refresh_token: string;
    user: { user_id: string };
  }
  const register = async (email: string) => {
    const given = { email, password: 'seven quiet harbours', name: 'A', organization_name: 'A' };
    return (await mail.register(app.http, given)).body as unknown as Tokens;
  };
  const refresh = async (refresh_token: string) => {
    const { status, body } = await app.http.anonymous().post('/api/v1/auth/refresh', { refresh_token });
    return { status, ...(body as unknown as Tokens) };
  };

  it('that is replayed after ten seconds ends its whole family, and the audit log says so', async () => {
    const first = await register('replay@example.com');
    const second = await refresh(first.refresh_token);
    ahead = 9;
    expect((await refresh(first.refresh_token)).status).toBe(409);
    ahead = 11;
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await refresh(second.refresh_token)).status).toBe(401);
    const login = { email: 'replay@example.com', password: 'seven quiet harbours' };
    const again = (await app.http.anonymous().post('/api/v1/auth/login', login)).body as unknown as Tokens;
    const audit = await app.http.anonymous().raw('GET', '/api/v1/audit?action=auth.refresh_replayed', undefined, {
      authorization: `Bearer ${again.access_token}`,
    });
    expect(audit.status).toBe(200);
    const { data } = (await audit.json()) as { data: { entries: { actor: string; outcome: string }[] } };
    expect(data.entries).toMatchObject([{ actor: first.user.user_id, outcome: 'refused' }]);
  });

  it('lives seven days', async () => {
    const first = await register('week@example.com');
    ahead = 7 * 86_400 - 60;
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    ahead += 7 * 86_400 + 1;
    expect((await refresh(second.refresh_token)).status).toBe(401);
  });
});

describe('guessing', () => {
  const login = (email: string, password: string) =>
    app.http.anonymous().post('/api/v1/auth/login', { email, password });
  const register = (email: string) =>
    mail.register(app.http, {
      email,
      password: 'seven quiet harbours',
      name: 'A',
      organization_name: 'A',
    });

  it('many passwords at once finds nothing: the right one comes too late', async () => {
    await register('brute@example.com');
    for (let round = 0; round < 5; round++) await login('brute@example.com', `guess ${round}`);
    const guesses = Array.from({ length: 10 }, (_, index) => (index === 9 ? 'seven quiet harbours' : `guess ${index}`));
    const answers = await Promise.all(guesses.map((guess) => login('BRUTE@example.com', guess)));
    expect(answers.map(({ status }) => status)).toEqual(guesses.map(() => 429));
    ahead = 15 * 60 + 1;
    expect((await login('brute@example.com', 'seven quiet harbours')).status).toBe(200);
  });

  it('slowly, four in 15 minutes, is not locked', async () => {
    await register('slow@example.com');
    for (let round = 0; round < 8; round++) {
      ahead = round * 4 * 60;
      expect((await login('slow@example.com', 'a guess')).status).toBe(401);
    }
  });

  it('takes as long for an unknown address as for a known one', async () => {
    const slow = await startApp({ ...mail.settings, NEXUS_BCRYPT_ROUNDS: '10' });
    try {
      const nobody = slow.http.anonymous();
      const ask = async (email: string) => {
        const begun = performance.now();
        expect((await nobody.post('/api/v1/auth/login', { email, password: 'a guess' })).status).toBe(401);
        return performance.now() - begun;
      };
      const given = { password: 'seven quiet harbours', name: 'A', organization_name: 'A' };
      const known: number[] = [];
      const unknown: number[] = [];
      for (let index = 0; index < 6; index++) {
        await mail.register(nobody, { ...given, email: `t${index}@example.com` });
        known.push(await ask(`t${index}@example.com`));
        unknown.push(await ask(`u${index}@example.com`));
      }
      expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) * 0.4);
      expect(Math.min(...unknown)).toBeLessThan(Math.min(...known) * 2.5);
    } finally {
      await slow.close();
    }
  });
});
