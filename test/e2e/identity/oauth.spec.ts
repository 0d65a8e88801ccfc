import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret, TOTP } from 'otpauth';
import { RegistrationService } from '../../../src/identity/accounts/registration.service.js';
import { AuditLog } from '../../../src/identity/audit/audit-log.js';
import { startApp, type TestApp } from '../../support/app.js';
import { MailServer } from '../../support/mail-server.js';
import { OAuthProviderProcess } from '../../support/oauth-provider-process.js';
import { noteSecrets } from '../../support/suite-logs.js';

interface SignedIn {
  access_token: string;
  refresh_token: string;
  user: { user_id: string; email: string; org_id: string; roles: string[] };
}

const PASSWORD = 'a password nobody guesses';
/** The callback's address as the provider knows it; the test goes to the same path of the running platform. */
const PUBLIC_URL = 'http://nexus.test';

let provider: OAuthProviderProcess;
let api: Server;
let githubEmails: { email: string; primary: boolean; verified: boolean }[];
let app: TestApp;
let mail: MailServer;
let open: TestApp;
let people = 0;

beforeAll(async () => {
  provider = await OAuthProviderProcess.start();
  api = createServer((request, response) => {
    const isUser = request.url === '/user';
    const isSignedIn = /^Bearer .+/.test(request.headers.authorization ?? '');
    response.writeHead(isSignedIn ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isUser ? { login: 'octo', name: 'Octo' } : githubEmails));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const issuer = provider.url;
  mail = await MailServer.start();
  const settings = {
    ...mail.settings,
    NEXUS_PUBLIC_URL: PUBLIC_URL,
    RATE_LIMIT_AUTH_PER_MINUTE: '10000',
    OAUTH_GOOGLE_CLIENT_ID: 'nexus',
    OAUTH_GOOGLE_CLIENT_SECRET: 'secret',
    OAUTH_GOOGLE_ISSUER: issuer,
    OAUTH_GITHUB_CLIENT_ID: 'nexus',
    OAUTH_GITHUB_CLIENT_SECRET: 'secret',
    OAUTH_GITHUB_AUTHORIZATION_URL: `${issuer}/authorize`,
    OAUTH_GITHUB_TOKEN_URL: `${issuer}/token`,
    OAUTH_GITHUB_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
  };
  app = await startApp(settings);
  open = await startApp();
});
afterAll(async () => {
  await app.close();
  await open.close();
  await mail.stop();
  await provider.stop();
  await new Promise((resolve) => api.close(resolve));
});

beforeEach(() => provider.tell({}));

/** The provider tells this of the person in front of it. */
const provenAs = (claims: Record<string, unknown>): Promise<void> => provider.tell({ claims });

/** A browser: it keeps one cookie and follows nothing by itself. */
class Browser {
  cookie = '';
  attributes = '';

  async go(url: string): Promise<Response> {
    const response = await fetch(url, { redirect: 'manual', headers: this.cookie ? { cookie: this.cookie } : {} });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) {
      this.cookie = set.split(';')[0] ?? '';
      this.attributes = set;
    }
    return response;
  }

  /** To the provider and back to where it sends the browser, on the running platform. */
  async leave(name: string): Promise<{ authorize: URL; back: string }> {
    const away = await this.go(`${app.url}/api/v1/auth/${name}`);
    expect(away.status).toBe(302);
    const authorize = new URL(away.headers.get('location') ?? '');
    const sent = await fetch(authorize, { redirect: 'manual' });
    const back = sent.headers.get('location') ?? '';
    expect(back.startsWith(`${PUBLIC_URL}/api/v1/auth/${name}/callback?`)).toBe(true);
    return { authorize, back: back.replace(PUBLIC_URL, app.url) };
  }
}

it('names the ways to sign in, and returns a person to the console and a program a code', async () => {
  const options = async ({ http }: TestApp) => (await http.anonymous().get('/api/v1/auth/options')).body as unknown;
  expect(await options(app)).toEqual({
    providers: [
      { name: 'google', label: 'localhost', path: '/api/v1/auth/google' },
      { name: 'github', label: 'GitHub', path: '/api/v1/auth/github' },
    ],
    registration: true,
    mail: true,
  });
  expect(await options(open)).toEqual({ providers: [], registration: false, mail: false });
  await provenAs({ email: person(), email_verified: true });
  const browser = new Browser();
  const { back } = await browser.leave('google');
  const headers = { cookie: browser.cookie, accept: 'text/html,application/xhtml+xml' };
  const page = await fetch(back, { redirect: 'manual', headers });
  expect(page.status).toBe(302);
  expect(page.headers.get('location')).toMatch(/^http:\/\/nexus\.test\/console\/sign-in\?code=nxo_/);
});

async function codeOf(response: Response, browser: Browser): Promise<string> {
  expect(response.status).toBe(200);
  const body = (await response.json()) as { code: string; expires_in: number };
  expect(body).toEqual({ code: expect.stringMatching(/^nxo_/) as unknown, expires_in: 60 });
  browsers.set(body.code, browser);
  return body.code;
}

/** The browser that got each code: only it can exchange it. */
const browsers = new Map<string, Browser>();
const exchange = (code: string, password?: string, browser = browsers.get(code)) =>
  app.http
    .anonymous()
    .post(
      '/api/v1/auth/exchange',
      { code, ...(password === undefined ? {} : { password }) },
      browser ? { cookie: browser.cookie } : {},
    );
const bare = <T>({ body }: { body: unknown }): T => body as T;
const person = (): string => `person-${++people}@example.com`;

async function signInAs(claims: Record<string, unknown>): Promise<string> {
  const browser = new Browser();
  const { back } = await browser.leave('google');
  await provenAs(claims);
  return codeOf(await browser.go(back), browser);
}

describe('sign-in through an OpenID Connect provider', () => {
  it('asks for the second factor of an account that has one', async () => {
    const email = person();
    const proven = { email, email_verified: true, name: 'Ada' };
    const { access_token } = bare<SignedIn>(await exchange(await signInAs(proven)));
    const authorized = { authorization: `Bearer ${access_token}` };
    const post = (path: string, body: unknown) =>
      app.http.anonymous().post(`/api/v1/auth/totp/${path}`, body, authorized);
    const { secret } = bare<{ secret: string }>(await post('enable', {}));
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    const { recovery_codes } = bare<{ recovery_codes: string[] }>(await post('confirm', { code }));
    for (const token of recovery_codes) noteSecrets({ token });
    const asked = bare<{ totp_required: boolean; challenge_token: string }>(await exchange(await signInAs(proven)));
    expect(asked.totp_required).toBe(true);
    const { challenge_token } = asked;
    const done = await post('login', { challenge_token, code: recovery_codes[0] });
    expect([done.status, bare<SignedIn>(done).user.email]).toEqual([200, email]);
  });

  it('goes all the way round with PKCE, and hands over a code that is good once', async () => {
    const email = person();
    const browser = new Browser();
    const { authorize, back } = await browser.leave('google');
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'nexus',
      code_challenge_method: 'S256',
      redirect_uri: `${PUBLIC_URL}/api/v1/auth/google/callback`,
    });
    expect(browser.attributes).toContain('HttpOnly');
    expect(browser.attributes).toContain('SameSite=Lax');
    await provenAs({ email, email_verified: true, name: 'Ada' });
    const arrived = await browser.go(back);
    expect(arrived.headers.get('cache-control')).toBe('no-store');
    const code = await codeOf(arrived, browser);
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    const signedIn = bare<SignedIn>(answers.find(({ status }) => status === 200) ?? { body: undefined });
    expect(signedIn.user).toMatchObject({ email, roles: ['admin'] });
    const me = await app.http
      .anonymous()
      .raw('GET', '/api/v1/auth/me', undefined, { authorization: `Bearer ${signedIn.access_token}` });
    expect(await me.json()).toMatchObject({ email, email_verified: true });
    const { items } = await app.app.get(AuditLog).list(signedIn.user.org_id, { action: 'auth.login', limit: 5 });
    expect(items).toMatchObject([{ actor: signedIn.user.user_id, details: { method: 'google' } }]);
  });

  it('finds the same account again', async () => {
    const claims = { email: person(), email_verified: true, name: 'Grace' };
    const first = bare<SignedIn>(await exchange(await signInAs(claims)));
    const second = bare<SignedIn>(await exchange(await signInAs({ ...claims, email: claims.email.toUpperCase() })));
    expect(second.user).toEqual(first.user);
  });

  it('proves the code by a verifier that only the platform has', async () => {
    const browser = new Browser();
    const { back } = await browser.leave('google');
    await provenAs({ email: person(), email_verified: true });
    await codeOf(await browser.go(back), browser);
    expect(provider.exchanged.code_verifier).toMatch(/^[\w-]{43}$/);
  });

  it.each([
    ['another state', (back: string) => back.replace(/state=[^&]+/, 'state=guessed')],
    ['no state', (back: string) => back.replace(/&?state=[^&]+/, '')],
    ['the callback of another provider', (back: string) => back.replace('/google/', '/github/')],
  ])('is refused with %s', async (_, change) => {
    const browser = new Browser();
    const { back } = await browser.leave('google');
    expect((await browser.go(change(back))).status).toBe(400);
  });

  it('is refused in a browser that did not begin it, so that nobody is signed in to somebody else’s account', async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    const { back } = await attacker.leave('google');
    await victim.leave('google');
    expect((await victim.go(back)).status).toBe(400);
    expect((await new Browser().go(back)).status).toBe(400);
    await provenAs({ email: person(), email_verified: true });
    expect((await attacker.go(back)).status).toBe(200);
  });

  it('hands over a code that only the browser that began can exchange', async () => {
    const email = person();
    const code = await signInAs({ email, email_verified: true });
    const thief = new Browser();
    await thief.leave('google');
    expect((await exchange(code, undefined, thief)).status).toBe(401);
    expect((await exchange(code, undefined, new Browser())).status).toBe(401);
    expect(bare<SignedIn>(await exchange(code)).user.email).toBe(email);
  });

  it('does not lead to the account of an address that only looks alike', async () => {
    const victim = `kate-${person()}`;
    const registered = await exchange(await signInAs({ email: victim, email_verified: true }));
    expect(registered.status).toBe(200);
    const alike = await exchange(await signInAs({ email: victim.replace('k', '\u212A'), email_verified: true }));
    expect([alike.status, Object.keys(alike.error.details.fields ?? {})]).toEqual([400, ['email']]);
  });

  it('takes a callback once', async () => {
    const browser = new Browser();
    const { back } = await browser.leave('google');
    await provenAs({ email: person(), email_verified: true });
    expect((await browser.go(back)).status).toBe(200);
    expect((await browser.go(back)).status).toBe(400);
  });

  it('is refused without an address that the provider has proven', async () => {
    for (const claims of [{ email: person(), email_verified: false }, { email: person() }, { email_verified: true }]) {
      const browser = new Browser();
      const { back } = await browser.leave('google');
      await provenAs(claims);
      const { status } = await browser.go(back);
      expect(status).toBe(403);
    }
  });

  it('is refused when the provider refuses, and says no more than that', async () => {
    const browser = new Browser();
    const { back } = await browser.leave('google');
    const denied = await browser.go(back.replace(/code=[^&]+/, 'error=access_denied'));
    expect(denied.status).toBe(401);
    const other = new Browser();
    const again = await other.leave('google');
    await provider.tell({ refuses: true });
    const refused = await other.go(again.back);
    expect([refused.status, (await refused.text()).includes('internal-detail')]).toEqual([401, false]);
  });

  it('takes no identity token of another audience', async () => {
    const browser = new Browser();
    const { back } = await browser.leave('google');
    await provenAs({ email: person(), email_verified: true, aud: 'somebody-else' });
    expect((await browser.go(back)).status).toBe(401);
  });
});

describe('an account that exists', () => {
  it('is not taken over by its address when that was never proven: it takes the password too', async () => {
    const email = person();
    const given = { email, email_verified: false, name: 'Eve', password: PASSWORD };
    await app.app.get(RegistrationService, { strict: false }).withOrganization(given, 'Eves');
    const login = await app.http.anonymous().post('/api/v1/auth/login', { email, password: PASSWORD });
    const joined = bare<SignedIn>(login);
    const code = await signInAs({ email, email_verified: true, name: 'Victim' });
    const asked = await exchange(code);
    expect([asked.status, asked.error.details['needs']]).toEqual([409, 'password']);
    expect((await exchange(code, 'a wrong password')).status).toBe(401);
    const linked = bare<SignedIn>(await exchange(code, PASSWORD));
    expect(linked.user.user_id).toBe(joined.user.user_id);
    const later = await exchange(await signInAs({ email, email_verified: true }));
    expect([later.status, bare<SignedIn>(later).user.user_id]).toEqual([200, joined.user.user_id]);
  });

  it('has no password when it came through a provider', async () => {
    const email = person();
    await exchange(await signInAs({ email, email_verified: true }));
    const login = await app.http.anonymous().post('/api/v1/auth/login', { email, password: PASSWORD });
    expect(login.status).toBe(401);
  });
});

describe('sign-in through GitHub', () => {
  it('takes the verified primary address', async () => {
    const email = person();
    githubEmails = [
      { email: person(), primary: false, verified: true },
      { email, primary: true, verified: true },
    ];
    const browser = new Browser();
    const { authorize, back } = await browser.leave('github');
    expect(authorize.searchParams.get('code_challenge_method')).toBe('S256');
    const signedIn = bare<SignedIn>(await exchange(await codeOf(await browser.go(back), browser)));
    expect(signedIn.user.email).toBe(email);
  });

  it('is refused when the primary address is not verified', async () => {
    githubEmails = [{ email: person(), primary: true, verified: false }];
    const browser = new Browser();
    const { back } = await browser.leave('github');
    expect((await browser.go(back)).status).toBe(403);
  });
});

describe('without client ids', () => {
  it.each(['google', 'github', 'google/callback?code=a&state=b', 'github/callback'])(
    '/%s answers 404',
    async (path) => {
      expect((await open.http.anonymous().raw('GET', `/api/v1/auth/${path}`)).status).toBe(404);
    },
  );

  it('takes no made-up code', async () => {
    const { status } = await open.http.anonymous().post('/api/v1/auth/exchange', { code: 'nxo_guess' });
    expect(status).toBe(401);
  });
});
