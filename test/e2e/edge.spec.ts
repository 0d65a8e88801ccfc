import { startApp, type TestApp } from '../support/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const fieldsOf = async (path: string): Promise<unknown> => {
  const { status, error } = await app.http.get(path);
  return { status, code: error.code, fields: Object.keys(error.details.fields ?? {}) };
};

describe('the edge of the platform', () => {
  it.each([
    ['of 9 characters', { requirement: 'x'.repeat(9) }, ['requirement']],
    ['of 5,001 characters', { requirement: 'x'.repeat(5001) }, ['requirement']],
    ['of spaces', { requirement: ' '.repeat(50) }, ['requirement']],
    ['that is missing', {}, ['requirement']],
    ['that is a number', { requirement: 12345678901 }, ['requirement']],
    [
      'with wrong neighbours',
      {
        requirement: 'x'.repeat(10),
        priority: 6,
        tags: Array(21).fill('t'),
        user_id: '',
        agent_name_map: { deploy: 'x' },
        org_id: 'acme',
      },
      ['agent_name_map.deploy', 'org_id', 'priority', 'tags', 'user_id'],
    ],
  ])('refuses a requirement %s, naming each field', async (_name, body, fields) => {
    const { status, error, body: whole } = await app.http.post('/api/v1/projects', body);
    expect({ status, code: error.code, fields: Object.keys(error.details.fields ?? {}).sort() }).toEqual({
      status: 400,
      code: 'VALIDATION_ERROR',
      fields,
    });
    expect(whole).toMatchObject({ success: false, request_id: error.trace_id });
  });

  it('takes a requirement of 10 and of 5,000 characters', async () => {
    for (const length of [10, 5000])
      expect(
        (
          await app.http.post('/api/v1/projects', {
            requirement: 'a '
              .repeat(length)
              .trim()
              .slice(0, length - 1)
              .padEnd(length, 'b'),
          })
        ).status,
      ).toBe(201);
  });

  it('answers malformed JSON, other types of body and large bodies in the error envelope', async () => {
    const malformed = await app.http.raw('POST', '/api/v1/projects', '{"requirement": ', {
      'content-type': 'application/json',
    });
    expect({ status: malformed.status, body: await malformed.json() }).toMatchObject({
      status: 400,
      body: { success: false, error: { code: 'VALIDATION_ERROR' } },
    });
    const text = await app.http.raw('POST', '/api/v1/projects', 'hello', { 'content-type': 'text/plain' });
    expect({ status: text.status, body: await text.json() }).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_ERROR' } },
    });
    const large = await app.http.raw(
      'POST',
      '/api/v1/projects',
      JSON.stringify({ requirement: 'x'.repeat(10 * 1024 * 1024) }),
      { 'content-type': 'application/json' },
    );
    expect({ status: large.status, body: await large.json() }).toMatchObject({
      status: 413,
      body: { error: { code: 'PAYLOAD_TOO_LARGE' } },
    });
  });

  it('answers an unknown route with 404 and a wrong method with 405 and Allow', async () => {
    expect(await app.http.get('/api/v1/nothing')).toMatchObject({ status: 404, error: { code: 'RESOURCE_NOT_FOUND' } });
    const wrong = await app.http.delete('/api/v1/projects');
    expect({ status: wrong.status, code: wrong.error.code }).toEqual({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(expect.arrayContaining(['GET', 'POST']));
    expect((await app.http.post('/api/v1/agents/x:y', {})).status).toBe(405);
  });

  it.each([
    ['GET', '/nothing?at=all', 404, 'RESOURCE_NOT_FOUND'],
    ['GET', '/api/v2/projects', 404, 'RESOURCE_NOT_FOUND'],
    ['DELETE', '/health/live', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/stages/info', 405, 'METHOD_NOT_ALLOWED'],
    ['PUT', '/docs', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/api/v1/agents/%zz', 400, 'VALIDATION_ERROR'],
    ['GET', '/health/%zz', 400, 'VALIDATION_ERROR'],
    ['GET', '/%zz', 404, 'RESOURCE_NOT_FOUND'],
  ])('answers %s %s in the error envelope', async (method, path, status, code) => {
    const response = await app.http.raw(method, path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({ success: false, error: { code } });
  });

  it('refuses bounds, enums, dates and cursors that are wrong', async () => {
    expect(await fieldsOf('/api/v1/projects?limit=0')).toEqual({
      status: 400,
      code: 'VALIDATION_ERROR',
      fields: ['limit'],
    });
    expect(await fieldsOf('/api/v1/projects?limit=101')).toMatchObject({ fields: ['limit'] });
    expect(await fieldsOf('/api/v1/projects?limit=ten')).toMatchObject({ fields: ['limit'] });
    expect(await fieldsOf('/api/v1/projects?status=done')).toMatchObject({ fields: ['status'] });
    expect(await fieldsOf('/api/v1/projects?colour=red')).toMatchObject({ fields: ['colour'] });
    expect(await fieldsOf('/api/v1/projects?last_key=garbage')).toMatchObject({ fields: ['last_key'] });
    expect(await fieldsOf('/api/v1/statistics/builds?start_date=2026-02-30')).toMatchObject({ fields: ['start_date'] });
    expect(await fieldsOf('/api/v1/statistics/trends?metric=mood')).toMatchObject({ fields: ['metric'] });
    for (const since of ['2026-W01', '2026-366', '2026', '+002026-01-01'])
      expect(await fieldsOf(`/api/v1/audit?since=${encodeURIComponent(since)}`)).toMatchObject({ fields: ['since'] });
  });

  it('answers 404 for ids of another kind', async () => {
    for (const path of [
      'projects/sess_1',
      'agents/proj_1',
      'sessions/proj_1',
      'invocations/msg_1',
      'projects/%00',
      'agents/a%2Fb',
    ])
      expect((await app.http.get(`/api/v1/${path}`)).status).toBe(404);
  });

  it('gives every answer an id, the same in header and body, and takes over a well-formed one', async () => {
    const { headers, body } = await app.http.get('/api/v1/projects');
    expect(headers.get('x-request-id')).toBe(body.request_id);
    expect(body.timestamp).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    const response = await app.http.raw('GET', '/api/v1/projects/none', undefined, {
      'x-request-id': 'my-request-0001',
    });
    expect(response.headers.get('x-request-id')).toBe('my-request-0001');
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(await response.json()).toMatchObject({
      request_id: 'my-request-0001',
      error: { trace_id: 'my-request-0001' },
    });
  });
});

describe('an idempotency key', () => {
  const body = { requirement: 'An assistant that tells dates and times in any time zone.' };

  it('answers a repeat with the first answer and refuses another body', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const first = await app.http.post('/api/v1/projects', body, headers);
    const again = await app.http.post('/api/v1/projects', body, headers);
    expect(again.status).toBe(201);
    expect(again.data).toEqual(first.data);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await app.http.post('/api/v1/projects', { ...body, priority: 1 }, headers)).toMatchObject({
      status: 422,
      error: { code: 'IDEMPOTENCY_MISMATCH' },
    });
    const other = await app.http.as('another').post('/api/v1/projects', body, headers);
    expect(other.data['project_id']).not.toBe(first.data['project_id']);
  });

  it('lets one of many at the same instant through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.http.post('/api/v1/projects', body, { 'idempotency-key': 'order-2' })),
    );
    const created = new Set(answers.filter(({ status }) => status === 201).map(({ data }) => data['project_id']));
    expect(created.size).toBe(1);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  });

  it('is free again after a request that failed', async () => {
    const headers = { 'idempotency-key': 'order-3' };
    const path = '/api/v1/agents/none:none/invoke';
    expect((await app.http.post(path, { input_text: 'hello' }, headers)).status).toBe(404);
    expect((await app.http.post(path, { input_text: 'hello' }, headers)).status).toBe(404);
  });
});
