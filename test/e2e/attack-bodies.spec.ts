import { connect } from 'node:net';
import { once } from 'node:events';
import { toUSVString } from 'node:util';
import fc from 'fast-check';
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

interface Refusal {
  error: { code: string; details: Record<string, unknown> & { fields?: Record<string, string[]> } };
}

async function refusal(response: Response): Promise<Refusal['error'] & { status: number; bytes: number }> {
  const text = await response.text();
  return { ...(JSON.parse(text) as Refusal).error, status: response.status, bytes: text.length };
}

const keys = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 1])));

describe('an anonymous body', () => {
  const login = async (body: string, headers: Record<string, string> = {}) =>
    refusal(await app.http.anonymous().raw('POST', '/api/v1/auth/login', body, { ...json, ...headers }));

  it('over 100 KB is refused with the limit and its size', async () => {
    const body = keys(80_000);
    expect(await login(body)).toMatchObject({
      status: 413,
      code: 'PAYLOAD_TOO_LARGE',
      details: { limit_bytes: 102_400, size_bytes: body.length },
    });
  });

  it('of unknown length is refused at 100 KB', async () => {
    const response = await fetch(`${app.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: json,
      body: new Blob([Buffer.alloc(200_000, ' ')]).stream(),
      duplex: 'half',
    });
    expect(await refusal(response)).toMatchObject({ status: 413, details: { limit_bytes: 102_400 } });
  });

  it.each([
    ['1,001 keys', keys(1_001), { max_keys: 1_000 }],
    ['65 levels', `{"email":${'['.repeat(64)}${']'.repeat(64)}}`, { max_levels: 64 }],
    ['20,000 elements', `{"email":[${'1,'.repeat(20_000)}1]}`, { max_values: 10_000 }],
    ['2,000 objects', `{"email":[${'{},'.repeat(2_000)}1]}`, { max_containers: 1_000 }],
    ['an array at the top', '[1,2]', { fields: { body: ['must be a JSON object, not an array'] } }],
  ])('with %s is refused', async (_name, body, details) => {
    expect(await login(body)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR', details });
  });

  it('with 900 unknown keys is answered with 20 of them', async () => {
    const { status, details, bytes } = await login(keys(900));
    expect([status, Object.keys(details.fields ?? {}).length, details['faults']]).toEqual([400, 20, 900]);
    expect(bytes).toBeLessThan(4_000);
  });

  it('with a name of 90 KB is answered with its beginning', async () => {
    const { status, bytes } = await login(`{"${'x'.repeat(90_000)}":1}`);
    expect(status).toBe(400);
    expect(bytes).toBeLessThan(4_000);
  });

  it.each([
    ['content-encoding', 'foo', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['content-encoding', 'gzip', 400, 'VALIDATION_ERROR'],
    ['content-type', 'application/json; charset=utf-16', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['content-type', 'application/json; charset=utf-7', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('with %s %s gets %d', async (header, value, status, code) => {
    expect(await login('{}', { [header]: value })).toMatchObject({ status, code });
  });

  it('that is not JSON is refused with the place', async () => {
    expect(await login('{\n  "email": x\n}')).toMatchObject({
      status: 400,
      details: {
        fields: { body: ['is not valid JSON at line 2, column 12: expected a value, found x'] },
        ...{ line: 2, column: 12, offset: 13, expected: 'a value', found: 'x' },
      },
    });
  });
});

describe('a body is not parsed', () => {
  it.each([
    ['on an unknown path', 'POST', '/api/v1/nothing', 404],
    ['with a method that the path does not have', 'DELETE', '/api/v1/projects', 405],
    ['without credentials', 'POST', '/api/v1/projects', 401],
  ])('%s', async (_name, method, path, status) => {
    const response = await app.http.anonymous().raw(method, path, '['.repeat(50_000), json);
    expect(response.status).toBe(status);
  });
});

describe('a large body', () => {
  it('may hold a message of 100,000 characters that JSON writes as six bytes each', async () => {
    const escaped = '\\u0001'.repeat(100_000);
    const answer = await refusal(
      await app.http.raw('POST', '/api/v1/agents/x:y/invoke', `{"input_text":"${escaped}"}`, json),
    );
    expect(answer).toMatchObject({ status: 404, code: 'RESOURCE_NOT_FOUND' });
  });

  it('with far more elements than a list may have is refused before they are looked at', async () => {
    const body = JSON.stringify({ deliverables: Array(121).fill({}) });
    expect(await refusal(await app.http.raw('POST', '/api/v1/orchestration/partnerships', body, json))).toMatchObject({
      status: 400,
      details: { fields: { deliverables: ['deliverables must contain no more than 100 elements'] } },
    });
  });

  it('of 10,000 levels with an Idempotency-Key is refused', async () => {
    const body = `{"input_text":"x","session_state":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`;
    const headers = { ...json, 'idempotency-key': 'deep-1' };
    expect((await app.http.raw('POST', '/api/v1/agents/x:y/invoke', body, headers)).status).toBe(400);
  });

  it.each(['1e20', '9007199254740993', '-9007199254740993'])('with the number %s in metadata is refused', async (n) => {
    const path = '/api/v1/agents/x:y/sessions';
    const answer = await refusal(await app.http.raw('POST', path, `{"metadata":{"n":${n}}}`, json));
    expect([answer.status, Object.keys(answer.details.fields ?? {})]).toEqual([400, ['metadata']]);
  });
});

describe('requests that never become one', () => {
  it.each([
    ['headers', `GET /health HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['URLs', `GET /health?x=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('with oversized %s get 431 in the error envelope', async (_what, request) => {
    const error = { code: 'VALIDATION_ERROR', suggestion: 'Shorten the URL or the headers.' };
    expect(await exchange(request)).toMatchObject({ status: 431, body: { error } });
  });

  it('that are not HTTP get 400 in the error envelope', async () => {
    expect(await exchange('HELLO\r\n\r\n')).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_ERROR', suggestion: 'Send a valid HTTP/1.1 request.' } },
    });
  });
});

describe('headers of every answer', () => {
  it('keep data out of caches and name what a 401 needs', async () => {
    const { headers } = await app.http.raw('GET', '/api/v1/projects');
    expect(headers.get('cache-control')).toBe('no-store');
    const refused = await app.http.anonymous().raw('GET', '/api/v1/projects', undefined, { accept: 'text/html' });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="nexus"']);
    expect(refused.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('are JSON for a stream that does not begin', async () => {
    const response = await app.http.raw('GET', '/api/v1/projects/none/events', undefined, {
      accept: 'text/event-stream',
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  });

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

describe('random requests', () => {
  const word = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
  const path = fc
    .tuple(
      fc.constantFrom('auth/login', 'projects', 'agents', 'tools', 'statistics/builds', 'nothing'),
      fc.array(word, { maxLength: 2 }),
      fc.option(fc.tuple(fc.constantFrom('limit', 'last_key', 'since', 'x'), word), { nil: undefined }),
    )
    .map(([route, parts, query]) => {
      const tail = parts.map((part) => `/${encoded(part)}`).join('');
      return `/api/v1/${route}${tail}${query ? `?${query[0]}=${encoded(query[1])}` : ''}`;
    });
  const headers = fc.record(
    {
      'content-type': fc.constantFrom(
        'application/json',
        'application/json; charset=utf-16',
        'text/plain',
        '*/*',
        'a/b;c',
      ),
      'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'foo'),
      'idempotency-key': fc.stringMatching(/^[ -~]{0,40}$/),
      'if-match': fc.stringMatching(/^[ -~]{0,20}$/),
      range: fc.constantFrom('bytes=0-', 'bytes=9-1', 'x'),
      accept: fc.constantFrom('text/event-stream', 'image/png', ';'),
    },
    { requiredKeys: [] },
  );
  const body = fc.option(
    fc.oneof(
      fc.json(),
      fc.object().map((value) => JSON.stringify(value)),
      word,
    ),
    { nil: undefined },
  );

  it('are never answered with a 5xx, and errors always come in the envelope', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        path,
        headers,
        body,
        async (method, target, sent, content) => {
          const response = await app.http.raw(method, target, method === 'GET' ? undefined : content, sent);
          expect(response.status).toBeLessThan(500);
          if (response.status < 400) return response.body?.cancel();
          const { success, error } = (await response.json()) as { success: boolean; error: Record<string, unknown> };
          expect(success).toBe(false);
          expect(Object.keys(error).sort()).toEqual(['code', 'details', 'message', 'suggestion', 'trace_id']);
        },
      ),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 },
    );
  });

  /** Half of a surrogate pair cannot be encoded. */
  function encoded(text: string): string {
    return encodeURIComponent(toUSVString(text));
  }
});
