import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventSource } from 'undici';
import { Secret, TOTP } from 'otpauth';
import type { BuiltAgent } from '../../support/built-agent.js';
import { startApp, type TestApp } from '../../support/app.js';
import { CountingRuntime } from '../../support/counting-runtime.js';
import { startDatabase, temporaryDirectory } from '../../support/database.js';
import { eventually, HttpClient } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { ObedientRuntime } from '../../support/obedient-runtime.js';
import { ADMINISTRATOR, migrate, PlatformProcess } from '../../support/platform-process.js';
import { registeredAgent } from '../../support/registered-agent.js';
import { readEvents } from '../../support/sse.js';
import { startBeside } from '../../support/shared-app.js';
import { Clock } from '../../../src/shared/clock.js';

const PASSWORD = 'seven quiet harbours';
const SECRET = { JWT_SECRET_KEY: 'a secret of the processes of this test, long enough' };
const TICKETS = '/api/v1/stream-tickets';
const SESSION = '/api/v1/auth/session';
let app: TestApp;
let other: TestApp;
let mail: MailServer;
let agent: BuiltAgent;
let count = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings, ...SECRET }, new ObedientRuntime());
  other = await startBeside(app, new CountingRuntime(), SECRET);
  agent = await registeredAgent(app);
});
afterAll(async () => {
  await other.close();
  await app.close();
  await mail.stop();
});

interface Ticket {
  ticket: string;
  url: string;
  expires_in: number;
}
const endedRun = async (): Promise<string> => {
  const heard = await readEvents(`${app.url}${agent.path}/invoke`, {
    method: 'POST',
    headers: { ...app.http.headers, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ input_text: 'hello' }),
  });
  return `/api/v1/invocations/${String(heard[0]?.data['invocation_id'])}/events`;
};
const ticketFor = async (path: string, http = app.http): Promise<Ticket> => {
  const { status, data } = await http.post<Ticket>(TICKETS, { path });
  expect(status).toBe(201);
  return data;
};
const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
};

describe('a ticket for an event stream', () => {
  it('opens the stream in an EventSource, which sends no headers', async () => {
    const path = await endedRun();
    const { url, expires_in } = await ticketFor(path);
    expect(expires_in).toBe(60);
    const source = new EventSource(app.url + url);
    const names: string[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        for (const name of ['start', 'delta', 'done'])
          source.addEventListener(name, ({ type }) => {
            names.push(type);
            if (type === 'done') resolve();
          });
        source.onerror = () => reject(new Error('the stream was refused'));
      });
    } finally {
      source.close();
    }
    expect(names).toEqual(['start', 'delta', 'done']);
  });

  it('continues after ?last_event_id=, because a new EventSource cannot send the header', async () => {
    const path = await endedRun();
    const { url } = await ticketFor(path);
    const heard = await (await fetch(`${app.url}${url}&last_event_id=2`)).text();
    expect(heard).toMatch(/^id: 3\nevent: done\n/);
  });

  it('opens the stream of a response, but not the response itself', async () => {
    const run = (await endedRun()).split('/')[4] ?? '';
    const path = `/v1/responses/${run.replace('inv_', 'resp_')}`;
    const { url } = await ticketFor(path);
    expect(await statusOf(app.url + url)).toBe(401);
    const heard = await (await fetch(`${app.url}${url}&stream=true`)).text();
    expect(heard).toContain('event: response.completed\n');
  });

  it('is good once, also for two processes at the same moment', async () => {
    const path = await endedRun();
    const { url } = await ticketFor(path);
    const statuses = await Promise.all([app, other, app, other].map((from) => statusOf(from.url + url)));
    expect(statuses.sort()).toEqual([200, 401, 401, 401]);
  });

  it('is refused for another path, for a route that is no event stream, and after a minute', async () => {
    const path = await endedRun();
    const { url, ticket } = await ticketFor(path);
    const elsewhere = await app.http.anonymous().get(`${await endedRun()}?ticket=${ticket}`);
    expect(elsewhere).toMatchObject({ status: 401, error: { suggestion: expect.stringMatching(TICKETS) as unknown } });
    const record = path.replace(/\/events$/, '');
    const plain = await ticketFor(record);
    expect(await statusOf(app.url + plain.url)).toBe(401);
    const late = await ticketFor(path);
    const clock = app.app.get(Clock, { strict: false });
    const now = clock.now.bind(clock);
    clock.now = () => new Date(now().getTime() + 61_000);
    try {
      expect(await statusOf(app.url + late.url)).toBe(401);
    } finally {
      clock.now = now;
    }
    expect(await statusOf(app.url + url)).toBe(200);
  });

  it('shows nothing of another organization, and ends with the sign-in that asked for it', async () => {
    const path = await endedRun();
    const stranger = app.http.as('org_other', 'stranger');
    expect(await statusOf(app.url + (await ticketFor(path, stranger)).url)).toBe(404);
    const { cookie, csrf_token } = await signedIn();
    const client = new HttpClient(app.url, { cookie, 'x-csrf-token': csrf_token });
    const { url } = await ticketFor(path, client);
    expect((await client.delete(SESSION)).status).toBe(200);
    expect(await statusOf(app.url + url)).toBe(401);
  });

  it.each(['', 'https://example.com/x', '//example.com/x', 'api/v1/x', '/api/v1/x?y=1', 5])(
    'is not given for the path %j',
    async (path) => {
      const { status, error } = await app.http.post(TICKETS, { path });
      expect(status).toBe(400);
      expect(Object.keys(error.details.fields ?? {})).toEqual(['path']);
    },
  );
});

interface Session {
  csrf_token: string;
  user: { user_id: string; email: string };
}
/** The cookies of an answer as a browser sends them back. */
const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0] ?? '')
    .join('; ');
const registered = async (): Promise<{ email: string; access_token: string }> => {
  const email = `browser-${++count}@example.com`;
  const given = { email, password: PASSWORD, name: 'Ada', organization_name: 'O' };
  const answer = await mail.register(app.http, given);
  return { email, access_token: (answer.body as unknown as { access_token: string }).access_token };
};
const signedIn = async () => {
  const { email } = await registered();
  const { headers, status, body } = await app.http.anonymous().post(SESSION, { email, password: PASSWORD });
  expect(status).toBe(200);
  const session = body as unknown as Session;
  return { ...session, email, cookie: cookiesOf(headers), headers };
};
const ANY = 'a1';

describe('the sign-in of a browser', () => {
  it('answers no token, and sets cookies that work without HTTPS in development', async () => {
    const { headers, user, email, ...body } = await signedIn();
    expect(user.email).toBe(email);
    expect(JSON.stringify({ ...body, cookie: '' })).not.toMatch(/access_token|refresh_token/);
    const lines = headers.getSetCookie();
    expect(lines.map((line) => line.replace(/=[^;]*;/, '=…;').replace(/Expires=[^;]*;/, ''))).toEqual([
      'nexus_access=…; Max-Age=900; Path=/;  HttpOnly; SameSite=Lax',
      'nexus_refresh=…; Max-Age=604800; Path=/api/v1/auth/session;  HttpOnly; SameSite=Lax',
      'nexus_csrf=…; Max-Age=604800; Path=/;  SameSite=Lax',
    ]);
  });

  it('reads with the cookie alone, and changes something only with its CSRF token', async () => {
    const { cookie, csrf_token, user } = await signedIn();
    const browser = new HttpClient(app.url, { cookie });
    const me = await browser.get('/api/v1/auth/me');
    expect(me.body).toMatchObject({ user_id: user.user_id, via: 'token' });
    const key = { name: 'of a browser', roles: ['viewer'] };
    for (const wrong of [{}, { 'x-csrf-token': ANY }, { 'x-csrf-token': (await signedIn()).csrf_token }]) {
      const refused = await browser.post('/api/v1/api-keys', key, wrong);
      expect(refused).toMatchObject({ status: 403, error: { details: { header: 'X-CSRF-Token' } } });
    }
    expect((await browser.post('/api/v1/api-keys', key, { 'x-csrf-token': csrf_token })).status).toBe(201);
    const foreign = { 'x-csrf-token': csrf_token, origin: 'https://evil.example' };
    expect((await browser.post('/api/v1/api-keys', key, foreign)).status).toBe(403);
  });

  it('opens an event stream with the cookie', async () => {
    const { cookie } = await signedIn();
    const answer = await new HttpClient(app.url, { cookie }).raw('GET', `${await endedRun()}?ticket=wrong`);
    // Signed in, and the run belongs to another organization.
    expect(answer.status).toBe(404);
  });

  it('gives a header precedence over the cookie', async () => {
    const { cookie } = await signedIn();
    const wrong = new HttpClient(app.url, { cookie, authorization: 'Bearer wrong' });
    expect((await wrong.get('/api/v1/auth/me')).status).toBe(401);
    const both = new HttpClient(app.url, { ...app.http.headers, cookie });
    expect((await both.post(TICKETS, { path: '/x' })).status).toBe(201);
  });

  it('is refreshed by its cookie and CSRF token; the used cookie ends all of it as a used token does', async () => {
    const { cookie, csrf_token } = await signedIn();
    const browser = new HttpClient(app.url, { cookie });
    expect((await browser.post(`${SESSION}/refresh`, {})).status).toBe(403);
    const next = await browser.post(`${SESSION}/refresh`, {}, { 'x-csrf-token': csrf_token });
    expect(next).toMatchObject({ status: 200, body: { csrf_token, expires_in: 900 } });
    const renewed = new HttpClient(app.url, { cookie: cookiesOf(next.headers) });
    expect((await renewed.get('/api/v1/auth/me')).status).toBe(200);
    expect((await browser.post(`${SESSION}/refresh`, {}, { 'x-csrf-token': csrf_token })).status).toBe(409);
    const clock = app.app.get(Clock, { strict: false });
    const now = clock.now.bind(clock);
    clock.now = () => new Date(now().getTime() + 11_000);
    try {
      expect((await browser.post(`${SESSION}/refresh`, {}, { 'x-csrf-token': csrf_token })).status).toBe(401);
    } finally {
      clock.now = now;
    }
    expect((await renewed.get('/api/v1/auth/me')).status).toBe(401);
  });

  it('takes over the tokens of another way to sign in', async () => {
    const { email } = await registered();
    const login = await app.http.anonymous().post('/api/v1/auth/login', { email, password: PASSWORD });
    const { refresh_token } = login.body as unknown as { refresh_token: string };
    const { status, headers } = await app.http.anonymous().post(`${SESSION}/refresh`, { refresh_token });
    expect(status).toBe(200);
    const browser = new HttpClient(app.url, { cookie: cookiesOf(headers) });
    expect((await browser.get('/api/v1/auth/me')).body).toMatchObject({ email });
    expect((await app.http.anonymous().post(`${SESSION}/refresh`, {})).status).toBe(401);
  });

  it('asks for the second factor of an account that has one', async () => {
    const { email, access_token } = await registered();
    const client = new HttpClient(app.url, { authorization: `Bearer ${access_token}` });
    const enabled = await client.post('/api/v1/auth/totp/enable', { password: PASSWORD });
    const { secret } = enabled.body as unknown as { secret: string };
    const totp = new TOTP({ secret: Secret.fromBase32(secret) });
    expect((await client.post('/api/v1/auth/totp/confirm', { code: totp.generate() })).status).toBe(200);
    const first = await app.http.anonymous().post(SESSION, { email, password: PASSWORD });
    expect(first.headers.getSetCookie()).toEqual([]);
    const { challenge_token } = first.body as unknown as { challenge_token: string };
    const code = totp.generate({ timestamp: Date.now() + 30_000 });
    const second = await app.http.anonymous().post(`${SESSION}/totp`, { challenge_token, code });
    expect(second.status).toBe(200);
    const browser = new HttpClient(app.url, { cookie: cookiesOf(second.headers) });
    expect((await browser.get('/api/v1/auth/me')).body).toMatchObject({ email });
  });

  it('ends with DELETE, which needs the CSRF token and is safe to repeat', async () => {
    const { cookie, csrf_token } = await signedIn();
    const browser = new HttpClient(app.url, { cookie });
    expect((await browser.delete(SESSION)).status).toBe(403);
    expect((await browser.get('/api/v1/auth/me')).status).toBe(200);
    const own = new HttpClient(app.url, { cookie, 'x-csrf-token': csrf_token });
    const ended = await own.delete(SESSION);
    expect(ended).toMatchObject({ status: 200, body: { done: true } });
    expect(cookiesOf(ended.headers)).toBe('nexus_access=; nexus_refresh=; nexus_csrf=');
    expect((await browser.get('/api/v1/auth/me')).status).toBe(401);
    expect((await browser.delete(SESSION)).status).toBe(200);
    expect((await app.http.anonymous().delete(SESSION)).status).toBe(200);
  });
});

it('sets Secure cookies with the prefixes __Host- and __Secure- in production; no ticket or cookie is in the log', async () => {
  const directory = temporaryDirectory();
  const database = await startDatabase();
  const shared = {
    NEXUS_DATABASE: 'dynamodb',
    DYNAMODB_ENDPOINT: database.endpoint,
    NEXUS_TABLE_PREFIX: 'browsers-',
    NEXUS_DATA_DIR: directory,
  };
  migrate(shared);
  const production = await PlatformProcess.start({
    ...shared,
    ENVIRONMENT: 'production',
    JWT_SECRET_KEY: 'q8F0m3Wn7Zr1Tx5Vb9Kd2Ls6Hp4Gy0Uc8Je',
    NEXUS_BCRYPT_ROUNDS: '12',
    SHUTDOWN_DRAIN_SECONDS: '0',
    LOG_LEVEL: 'TRACE',
    LOG_ACCESS_LEVEL: 'info',
    LOG_FILE: join(directory, 'nexus.log'),
  });
  const { NEXUS_ADMIN_EMAIL: email, NEXUS_ADMIN_PASSWORD: password } = ADMINISTRATOR;
  try {
    const signIn = await production.http.anonymous().post(SESSION, { email, password });
    const lines = signIn.headers.getSetCookie();
    expect(lines.map((line) => line.replace(/=[^;]*;.*?(?=HttpOnly|Secure)/, '=…; '))).toEqual([
      '__Host-nexus_access=…; HttpOnly; Secure; SameSite=Lax',
      '__Secure-nexus_refresh=…; HttpOnly; Secure; SameSite=Lax',
      '__Host-nexus_csrf=…; Secure; SameSite=Lax',
    ]);
    const link = await production.http.anonymous().post('/api/v1/auth/magic-link', { email });
    expect(
      link.headers.getSetCookie().map((line) => line.replace(/=[\w-]{43};/, '=…;').replace(/ Expires=[^;]*;/, '')),
    ).toEqual(['__Host-nexus_sign_in=…; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=Lax']);
    const cookie = cookiesOf(signIn.headers);
    const { csrf_token } = signIn.body as unknown as Session;
    const browser = new HttpClient(production.http.url, { cookie, 'x-csrf-token': csrf_token });
    const path = '/api/v1/projects/proj_missing/events';
    const { data } = await browser.post<Ticket>(TICKETS, { path });
    expect(await statusOf(production.http.url + data.url)).toBe(404);
    expect(await statusOf(`${production.http.url}/api/v1/nothing?x=1&ticket=${data.ticket}`)).toBe(404);
    expect(await statusOf(`${production.http.url}/nothing?ticket=${data.ticket}`)).toBe(404);
    const unprefixed = new HttpClient(production.http.url, { cookie: cookie.replaceAll('__Host-', '') });
    expect((await unprefixed.get('/api/v1/auth/me')).status).toBe(401);
    const logged = (): string =>
      readdirSync(directory)
        .filter((name) => name.endsWith('.log'))
        .map((name) => readFileSync(join(directory, name), 'utf8'))
        .join('\n');
    const log = await eventually(
      async () => logged(),
      (text) => text.includes('"route":"/api/v1/auth/me"'),
    );
    expect(log).toContain('"route":"/api/v1/projects/:project_id/events"');
    const secrets = [data.ticket, csrf_token, ...cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))];
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  } finally {
    await production.kill('SIGTERM');
    await database.stop();
  }
});
