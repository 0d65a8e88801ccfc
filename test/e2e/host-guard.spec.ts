import { request } from 'node:http';
import { startApp, type TestApp } from '../support/app.js';

interface Reply {
  status: number | undefined;
  error: { code: string; details: { fields?: Record<string, string[]> } } | undefined;
  text: string;
}

/** `fetch` sets Host itself, so these requests are written by hand. */
function ask(app: TestApp, path: string, headers: Record<string, string>, method = 'GET', body = ''): Promise<Reply> {
  const { port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const parsed = text.startsWith('{') ? (JSON.parse(text) as Reply) : undefined;
        resolve({ status: response.statusCode, error: parsed?.error, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const login = (app: TestApp, headers: Record<string, string>) =>
  ask(
    app,
    '/api/v1/auth/login',
    { host: 'localhost', 'content-type': 'application/json', ...headers },
    'POST',
    '{"email":"nobody@example.com","password":"not the password"}',
  );

/** The command that the page of links shows. */
async function command(app: TestApp, host: string): Promise<string | undefined> {
  const { text } = await ask(app, '/', { host, accept: 'text/html' });
  return /<pre>(curl \S+)/.exec(text)?.[1];
}

const SECRETS = {
  ENVIRONMENT: 'production',
  JWT_SECRET_KEY: 'ysgFHsJkzQmCuUFKZf0kIXk9JxqL2b7hS1M4vQ',
  NEXUS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
};

async function within(settings: Record<string, string>, work: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await startApp(settings);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

describe('in development', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({
      ENVIRONMENT: 'development',
      NEXUS_PUBLIC_URL: 'https://nexus.example.com',
      NEXUS_CONSOLE: 'false',
      ALLOWED_ORIGINS: '["https://console.example.com"]',
    });
  });
  afterAll(() => app.close());

  it.each(['localhost', 'LOCALHOST:8000', '127.0.0.1:1', '[::1]:8000', 'localhost.', 'nexus.example.com'])(
    'the host %s is served',
    async (host) => {
      expect((await ask(app, '/stages/info', { host })).status).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', '169.254.1.1'])(
    'the host %s is refused on every route, before the body is read',
    async (host) => {
      for (const path of ['/stages/info', '/docs', '/api/v1/projects', '/nothing', '/health/detailed']) {
        const { status, error } = await ask(app, path, { host });
        expect({ path, status, code: error?.code }).toEqual({ path, status: 400, code: 'VALIDATION_ERROR' });
        expect(error?.details.fields?.['host']).toEqual([`"${host}" is not an accepted host`]);
      }
      const malformed = { host, 'content-type': 'application/json' };
      const { error } = await ask(app, '/api/v1/auth/login', malformed, 'POST', '{"email":');
      expect(error?.details.fields).toHaveProperty('host');
    },
  );

  it('the page of links names the public URL, whatever the host is', async () => {
    expect(await command(app, 'localhost')).toBe('curl https://nexus.example.com/api/v1/auth/login');
  });

  it('probes and scrapes by address are answered', async () => {
    for (const path of ['/health', '/health/live', '/health/ready', '/health/metrics'])
      expect((await ask(app, path, { host: '10.1.2.3:8000' })).status).toBe(200);
  });

  it.each([
    'http://evil.example',
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://localhost.evil.example',
  ])('a change from the origin %s is refused', async (origin) => {
    const { status, error } = await login(app, { origin });
    expect({ status, code: error?.code }).toEqual({ status: 403, code: 'PERMISSION_DENIED' });
    expect((await ask(app, '/stages/info', { host: 'localhost', origin })).status).toBe(200);
  });

  it.each(['http://localhost', 'https://localhost', 'https://console.example.com', 'https://nexus.example.com'])(
    'a change from the origin %s is served',
    async (origin) => {
      expect((await login(app, { origin })).status).toBe(401);
    },
  );
});

describe('in production', () => {
  it('every host is accepted while neither NEXUS_ALLOWED_HOSTS nor NEXUS_PUBLIC_URL is set', () =>
    within(SECRETS, async (app) => {
      expect((await ask(app, '/stages/info', { host: 'any.example' })).status).toBe(200);
      expect((await login(app, { origin: 'https://evil.example' })).status).toBe(403);
    }));

  it('the page of links names the host of the request, unless it has characters that no host has', () =>
    within({ ...SECRETS, NEXUS_CONSOLE: 'false' }, async (app) => {
      expect(await command(app, 'any.example:81')).toBe('curl http://any.example:81/api/v1/auth/login');
      expect(await command(app, '[fd00::1]')).toBe('curl http://[fd00::1]/api/v1/auth/login');
      for (const host of ['a<b>', "a';b", 'a&b'])
        expect(await command(app, host)).toMatch(/^curl http:\/\/localhost:\d+\/api\/v1\/auth\/login$/);
    }));

  it('the hosts of both settings are accepted, subdomains after a dot, and no others', () =>
    within(
      { ...SECRETS, NEXUS_PUBLIC_URL: 'https://nexus.example.com', NEXUS_ALLOWED_HOSTS: 'api.internal, .example.org' },
      async (app) => {
        for (const host of ['nexus.example.com', 'api.internal:8000', 'eu.example.org', 'localhost'])
          expect((await ask(app, '/stages/info', { host })).status).toBe(200);
        for (const host of ['any.example', 'example.org', 'xapi.internal'])
          expect((await ask(app, '/stages/info', { host })).status).toBe(400);
      },
    ));
});
