import { startApp, type TestApp } from '../../support/app.js';
import { HttpClient } from '../../support/http.js';
import { MailServer } from '../../support/mail-server.js';
import { startBeside } from '../../support/shared-app.js';
import { CountingRuntime } from '../../support/counting-runtime.js';

const PASSWORD = 'seven quiet harbours';
let app: TestApp;
let mail: MailServer;
const SECRET = { JWT_SECRET_KEY: 'a secret of the processes of this test, long enough' };
let count = 0;

beforeAll(async () => {
  mail = await MailServer.start();
  app = await startApp({ ...mail.settings, ...SECRET });
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

interface SignedIn {
  access_token: string;
  refresh_token: string;
}
interface Session {
  session_id: string;
  device: string | null;
  address: string;
  created_at: string;
  last_used_at: string;
  current: boolean;
}
const post = async (path: string, body: unknown, device: string) => {
  const answer = await app.http.anonymous().post(`/api/v1/auth/${path}`, body, { 'user-agent': device });
  return answer.body as unknown as SignedIn;
};
const client = ({ access_token }: SignedIn) => new HttpClient(app.url, { authorization: `Bearer ${access_token}` });
const sessionsOf = async (tokens: SignedIn) =>
  ((await client(tokens).get('/api/v1/auth/sessions')).body as unknown as { sessions: Session[] }).sessions;
const person = async (device: string) => {
  const email = `own-${++count}@example.com`;
  const given = { email, password: PASSWORD, name: 'Ada', organization_name: 'O' };
  const tokens = (await mail.register(app.http, given, { 'user-agent': device })).body as unknown as SignedIn;
  return { tokens, login: (other: string) => post('login', { email, password: PASSWORD }, other) };
};

it('lists the sign-ins of the caller with device, address and last use, newest first', async () => {
  const { tokens, login } = await person('laptop');
  const phone = await login('p'.repeat(300));
  await person('of another');
  const [second, first, ...more] = await sessionsOf(phone);
  expect(more).toEqual([]);
  expect(second).toEqual({
    session_id: expect.stringMatching(/^fam_/) as unknown,
    device: 'p'.repeat(200),
    address: '127.0.0.1',
    created_at: expect.stringMatching(/Z$/) as unknown,
    last_used_at: expect.stringMatching(/Z$/) as unknown,
    current: true,
  });
  expect(first).toMatchObject({ device: 'laptop', current: false });
  const next = await post('refresh', { refresh_token: tokens.refresh_token }, 'laptop, updated');
  const refreshed = (await sessionsOf(next)).find(({ current }) => current);
  expect(refreshed).toMatchObject({
    session_id: first?.session_id,
    created_at: first?.created_at,
    device: 'laptop, updated',
  });
  expect((refreshed?.last_used_at ?? '') > (first?.last_used_at ?? '')).toBe(true);
});

it('ends one with all of its tokens, and leaves the others', async () => {
  const { tokens, login } = await person('laptop');
  const phone = await login('phone');
  const beside = await startBeside(app, new CountingRuntime(), SECRET);
  try {
    const there = new HttpClient(beside.url, client(phone).headers);
    expect((await there.get('/api/v1/auth/me')).status).toBe(200);
    const ended = (await sessionsOf(tokens)).find(({ current }) => !current)?.session_id ?? '';
    expect((await client(tokens).delete(`/api/v1/auth/sessions/${ended}`)).status).toBe(200);
    expect((await client(phone).get('/api/v1/auth/me')).status).toBe(401);
    const { refresh_token } = phone;
    expect((await app.http.anonymous().post('/api/v1/auth/refresh', { refresh_token })).status).toBe(401);
    expect((await sessionsOf(tokens)).map(({ device }) => device)).toEqual(['laptop']);
    expect((await client(tokens).delete(`/api/v1/auth/sessions/${ended}`)).status).toBe(404);
    const deadline = Date.now() + 60_000;
    let status = 200;
    while (status === 200 && Date.now() < deadline) {
      ({ status } = await there.get('/api/v1/auth/me'));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(401);
  } finally {
    await beside.close();
  }
});

it('is for the owner only, and not for API keys', async () => {
  const { tokens } = await person('laptop');
  const { tokens: other } = await person('other');
  const [session] = await sessionsOf(tokens);
  expect((await client(other).delete(`/api/v1/auth/sessions/${session?.session_id ?? ''}`)).status).toBe(404);
  expect((await client(tokens).get('/api/v1/auth/me')).status).toBe(200);
  const key = await client(tokens).post<{ api_key: string }>('/api/v1/api-keys', { name: 'k', roles: ['admin'] });
  const keyed = new HttpClient(app.url, { authorization: `Bearer ${key.data.api_key}` });
  expect((await keyed.get('/api/v1/auth/sessions')).status).toBe(403);
  expect((await keyed.delete(`/api/v1/auth/sessions/${session?.session_id ?? ''}`)).status).toBe(403);
});

it('leaves out what has ended otherwise', async () => {
  const { tokens, login } = await person('laptop');
  const phone = await login('phone');
  await client(phone).post('/api/v1/auth/logout');
  expect((await sessionsOf(tokens)).map(({ device }) => device)).toEqual(['laptop']);
  await login('tablet');
  const body = { current: PASSWORD, new: 'eleven silver kettles' };
  await client(tokens).post('/api/v1/auth/password', body);
  expect((await sessionsOf(tokens)).map(({ device }) => device)).toEqual(['laptop']);
});
