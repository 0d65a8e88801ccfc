import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/http.js';

const ORCHESTRATION = '/api/v1/orchestration/health';

/** Statuses of `count` requests, one after the other. */
async function statuses(count: number, ask: () => Promise<{ status: number }>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index++) all.push((await ask()).status);
  return all;
}

const limited = (all: number[]): number => all.filter((status) => status === 429).length;

describe('rate limits', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp({
      RATE_LIMIT_PER_MINUTE: '5',
      RATE_LIMIT_ORCHESTRATION_PER_MINUTE: '100',
      RATE_LIMIT_AUTH_PER_MINUTE: '3',
    });
  });
  afterEach(() => app.close());

  it('lets 5 of 5 requests pass and answers the 6th with 429, headers and the time to wait', async () => {
    const alice = app.http.as('org-a', 'alice');
    const first = await alice.get('/api/v1/projects');
    expect(first.status).toBe(200);
    expect(first.headers.get('x-ratelimit-limit')).toBe('5');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('4');
    expect(first.headers.get('ratelimit-policy')).toBe('"default";q=5;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"default";r=4;t=\d+$/);
    expect(limited(await statuses(4, () => alice.get('/api/v1/projects')))).toBe(0);
    const refused = await alice.get('/api/v1/projects');
    expect(refused).toMatchObject({
      status: 429,
      error: { code: 'RATE_LIMIT_EXCEEDED', details: { limit: 5, group: 'default' } },
    });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBe(wait);
  });

  it('gives two principals of one address budgets of their own', async () => {
    expect(limited(await statuses(6, () => app.http.as('org-a', 'alice').get('/api/v1/projects')))).toBe(1);
    expect(limited(await statuses(5, () => app.http.as('org-a', 'bob').get('/api/v1/projects')))).toBe(0);
    expect(limited(await statuses(5, () => app.http.as('org-b', 'alice').get('/api/v1/projects')))).toBe(0);
  });

  it('counts strangers by address, whatever address they claim to have', async () => {
    let claim = 0;
    const strangers = await statuses(105, () =>
      app.http.raw('GET', ORCHESTRATION, undefined, { 'x-forwarded-for': `203.0.113.${claim++}` }),
    );
    expect(limited(strangers)).toBe(5);
    expect(strangers.slice(0, 100)).not.toContain(429);
  });

  it('counts every spelling of a path that its route takes', async () => {
    const spellings = ['/api/v1/auth/login', '/api/v1/AUTH/Login', '/api/v1/auth/login/', '/API/v1/auth/LOGIN/'];
    const asked = async (path: string) => {
      const response = await app.http.anonymous().raw('POST', path, '{}', { 'content-type': 'application/json' });
      return `${response.status} ${response.headers.get('ratelimit-policy')}`;
    };
    const answers: string[] = [];
    for (const path of spellings) answers.push(await asked(path));
    expect(answers).toEqual([400, 400, 400, 429].map((status) => `${status} "auth";q=3;w=60`));
    // These are paths of no route.
    for (const path of ['/api/v1//auth/login', '/api/v1/auth//login', '/api/v1/auth/%6Cogin'])
      expect(await asked(path)).toBe('404 null');
  });

  it('refuses before the body is read', async () => {
    const send = () =>
      app.http.anonymous().raw('POST', '/api/v1/auth/login', '{"', { 'content-type': 'application/json' });
    expect(await statuses(5, send)).toEqual([400, 400, 400, 429, 429]);
  });

  it('never counts probes', async () => {
    expect(new Set(await statuses(20, () => app.http.raw('GET', '/health/live')))).toEqual(new Set([200]));
  });
});

describe('behind a trusted proxy', () => {
  it('the forwarded address counts', async () => {
    const app = await startApp({ RATE_LIMIT_PER_MINUTE: '5', TRUSTED_PROXIES: 'loopback' });
    try {
      const from = (address: string) => () =>
        app.http.raw('GET', '/api/v1/stages/info', undefined, { 'x-forwarded-for': address });
      expect(limited(await statuses(6, from('203.0.113.1')))).toBe(1);
      expect(limited(await statuses(5, from('203.0.113.2')))).toBe(0);
    } finally {
      await app.close();
    }
  });
});

describe('event streams', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ EVENT_STREAMS_PER_PRINCIPAL: '2', BUILD_SLOTS: '0' });
  });
  afterAll(() => app.close());

  it('are bounded by principal, and one that ends makes room', async () => {
    const [alice, bob] = [app.http.as('org-a', 'alice'), app.http.as('org-a', 'bob')];
    const { data } = await alice.post('/api/v1/projects', { requirement: 'An assistant that tells the time of day.' });
    const stop = new AbortController();
    const path = `/api/v1/projects/${String(data['project_id'])}/events`;
    const open = async ({ headers }: typeof alice) => fetch(app.url + path, { headers, signal: stop.signal });
    await bob.ready();
    const streams = [await open(alice), await open(alice)];
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const refused = await alice.get(path);
    expect(refused).toMatchObject({
      status: 429,
      error: { code: 'RATE_LIMIT_EXCEEDED', details: { limit: 2, open: 2, retry_after_seconds: 5 } },
    });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await open(bob)).status).toBe(200);
    stop.abort();
    const again = new AbortController();
    const reopened = await eventually(
      () => fetch(app.url + path, { headers: alice.headers, signal: again.signal }),
      ({ status }) => status === 200,
    );
    expect(reopened.headers.get('content-type')).toContain('text/event-stream');
    again.abort();
  });
});
