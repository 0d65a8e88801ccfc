import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('document', { cookie: 'a=1; __Host-nexus_csrf=the-token' });
vi.stubGlobal('location', { origin: 'http://nexus.test' });
const { api, ApiError, errorOf, signedFetch } = await import('./api');
const { client } = await import('../client/client.gen');
// Outside a browser there is no page that a path could belong to.
client.setConfig({ baseUrl: 'http://nexus.test' });

/** Answers requests in order; returns what was asked. */
function answering(...answers: [status: number, body?: unknown][]): Request[] {
  const asked: Request[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    const [status, body] = answers.shift() ?? [500];
    return new Response(body === undefined ? null : JSON.stringify(body), { status });
  });
  return asked;
}

describe('calls of the API', () => {
  it('give the data out of the envelope, and bodies without one as they are', async () => {
    const ok = new Response('', { status: 200 });
    expect(await api(Promise.resolve({ data: { success: true, data: { id: 1 } }, response: ok }))).toEqual({ id: 1 });
    expect(await api(Promise.resolve({ data: { csrf_token: 'x' }, response: ok }))).toEqual({ csrf_token: 'x' });
  });

  it('fail with what the error says to do and its trace id', async () => {
    const error = { code: 'CONFLICT', message: 'Taken', suggestion: 'Choose another', trace_id: 'req_1', details: {} };
    const failed = api(
      Promise.resolve({ error: { success: false, error }, response: new Response('', { status: 409 }) }),
    );
    await expect(failed).rejects.toMatchObject({ status: 409, ...error });
    await expect(failed).rejects.toBeInstanceOf(ApiError);
    expect(errorOf(502, '<html>')).toMatchObject({
      code: 'UNKNOWN',
      message: 'The platform responded with status 502',
    });
  });

  it('send the CSRF token with what changes something only', async () => {
    const asked = answering([200], [200]);
    await signedFetch('http://nexus.test/api/v1/agents');
    await signedFetch('http://nexus.test/api/v1/agents', { method: 'POST', body: '{}' });
    expect(asked.map(({ headers }) => headers.get('x-csrf-token'))).toEqual([null, 'the-token']);
  });

  it('renew an expired sign-in once and repeat, also for requests that fail at the same time', async () => {
    const asked = answering([401], [401], [200, { csrf_token: 'x', expires_in: 900 }], [200, 1], [200, 2]);
    const both = await Promise.all([1, 2].map((n) => signedFetch(`http://nexus.test/api/v1/agents?n=${n}`)));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(asked.map(({ url }) => new URL(url, 'http://nexus.test').pathname)).toEqual([
      '/api/v1/agents',
      '/api/v1/agents',
      '/api/v1/auth/session/refresh',
      '/api/v1/agents',
      '/api/v1/agents',
    ]);
  });

  it('say that the platform cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(signedFetch('http://nexus.test/x')).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0 });
  });
});
