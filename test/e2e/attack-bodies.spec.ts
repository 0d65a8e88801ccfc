import { connect } from 'node:net';
import { once } from 'node:events';
import { startApp, type TestApp } from '../support/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ ENVIRONMENT: 'test', ALLOWED_ORIGINS: '["https://console.example.com"]' });
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json' };

/** What comes back for bytes that no HTTP client would send. */
async function exchange(request: string): Promise<{ status: number; body: { error: { code: string } } }> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(request);
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString();
  return {
    status: Number(text.split(' ')[1]),
    body: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { error: { code: string } },
  };
}

describe('hostile bodies', () => {
  it.each([
    ['__proto__ at the top', '{"requirement":"a calculator for our shop","__proto__":{"roles":["admin"]}}', 'body'],
    ['constructor deep inside', '{"metadata":{"a":[{"constructor":{"prototype":{}}}]}}', 'metadata'],
  ])('with %s are refused by name', async (_, body, field) => {
    const path = field === 'metadata' ? '/api/v1/agents/x:y/sessions' : '/api/v1/projects';
    const response = await app.http.raw('POST', path, body, json);
    const answer = (await response.json()) as { error: { details: { fields: Record<string, string[]> } } };
    expect([response.status, Object.keys(answer.error.details.fields)]).toEqual([400, [field]]);
    expect(({} as Record<string, unknown>)['roles']).toBeUndefined();
  });

  it.each(['metadata', 'session_state'])(
    'of 10,000 levels in %s are refused and the process lives on',
    async (field) => {
      const deep = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
      const path = field === 'metadata' ? '/api/v1/agents/x:y/sessions' : '/api/v1/agents/x:y/invoke';
      const response = await app.http.raw('POST', path, `{"input_text":"x","${field}":${deep}}`, json);
      expect(response.status).toBe(400);
      expect((await app.http.raw('GET', '/health/live')).status).toBe(200);
    },
  );
});

describe('requests that never become one', () => {
  it('with oversized headers get 431 in the error envelope', async () => {
    const answer = await exchange(`GET /health HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatchObject({ status: 431, body: { error: { code: 'VALIDATION_ERROR' } } });
  });

  it('that are not HTTP get 400 in the error envelope', async () => {
    expect(await exchange('HELLO\r\n\r\n')).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_ERROR' } },
    });
  });
});

describe('headers of every answer', () => {
  it('protect a browser', async () => {
    const { headers } = await app.http.raw('GET', '/docs/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("object-src 'none'");
    expect({
      nosniff: headers.get('x-content-type-options'),
      frame: headers.get('x-frame-options'),
      referrer: headers.get('referrer-policy'),
      hsts: headers.get('strict-transport-security'),
      powered: headers.get('x-powered-by'),
    }).toEqual({ nosniff: 'nosniff', frame: 'DENY', referrer: 'no-referrer', hsts: null, powered: null });
    expect(headers.get('permissions-policy')).toContain('camera=()');
  });

  it('let only the listed origins in, with credentials', async () => {
    const from = async (origin: string) =>
      (await app.http.raw('OPTIONS', '/api/v1/projects', undefined, { origin, 'access-control-request-method': 'GET' }))
        .headers;
    const listed = await from('https://console.example.com');
    expect(listed.get('access-control-allow-origin')).toBe('https://console.example.com');
    expect(listed.get('access-control-allow-credentials')).toBe('true');
    expect((await from('https://evil.example.com')).get('access-control-allow-origin')).toBeNull();
  });
});
