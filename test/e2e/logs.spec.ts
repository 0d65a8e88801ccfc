import { RequestContext } from '../../src/platform/observability/request-context.js';
import { createRootLogger } from '../../src/platform/observability/logging/root-logger.js';
import { ownLogger, startApp, type TestApp } from '../support/app.js';
import { builtAgent } from '../support/built-agent.js';
import { testSettings } from '../support/database.js';
import { eventually } from '../support/http.js';

type Line = Record<string, unknown>;

const lines: Line[] = [];
let app: TestApp;
beforeAll(async () => {
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  const root = await createRootLogger(testSettings({ LOG_LEVEL: 'trace' }), new RequestContext(), destination);
  app = await startApp({ LOG_LEVEL: 'trace' }, undefined, ownLogger(root));
});
afterAll(() => app.close());

/** The lines of one request; its access line comes when the connection has taken the answer. */
function linesOf(request_id: string): Promise<Line[]> {
  return eventually(
    async () => lines.filter((line) => line['request_id'] === request_id),
    (found) => found.some(({ logger }) => logger === 'Access'),
  );
}

async function accessLine(request_id: string): Promise<Line> {
  const found = (await linesOf(request_id)).filter(({ logger }) => logger === 'Access');
  expect(found).toHaveLength(1);
  return found[0] ?? {};
}

describe('a request', () => {
  it('has one line with its ids, its principal, route, status and duration', async () => {
    const { body } = await app.http.as('org-a', 'usr_1').get('/api/v1/projects/proj_secret?trick=1');
    expect(await accessLine(body.request_id)).toEqual({
      level: 'info',
      time: expect.any(String) as unknown,
      pid: process.pid,
      hostname: expect.any(String) as unknown,
      logger: 'Access',
      msg: 'request',
      request_id: body.request_id,
      org_id: 'org-a',
      user_id: 'usr_1',
      method: 'GET',
      route: '/api/v1/projects/:project_id',
      status: 404,
      duration_ms: expect.any(Number) as unknown,
    });
  });

  it('names the trace of its caller', async () => {
    const trace_id = '4bf92f3577b34da6a3ce929d0e0e4736';
    const response = await app.http.raw('GET', '/api/v1/projects/proj_none', undefined, {
      traceparent: `00-${trace_id}-00f067aa0ba902b7-01`,
    });
    const body = (await response.json()) as { request_id: string; error: { trace_id: string } };
    expect(body.error.trace_id).toBe(trace_id);
    expect(await accessLine(body.request_id)).toMatchObject({ trace_id });
  });

  it.each([
    ['with a malformed body', 'POST', '/api/v1/projects', '{"requirement":', 400],
    ['of an unknown path', 'GET', '/nowhere/at/all', undefined, 404],
    ['for the documents', 'GET', '/docs-json', undefined, 200],
    ['for a probe', 'GET', '/health/live', undefined, 200],
  ])('%s has its line too', async (_what, method, path, body, status) => {
    const request_id = `req-test-${status}-${path.length}`;
    const headers = {
      'x-request-id': request_id,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    await (await app.http.raw(method, path, body, headers)).text();
    expect(await accessLine(request_id)).toMatchObject({ method, status });
  });
});

it('never logs a credential, a body or an address of a person', async () => {
  const agent = await builtAgent(app.http.as('org-a'));
  const request_id = 'req-with-secrets';
  const response = await app.http
    .as('org-a')
    .raw(
      'POST',
      `${agent.path}/invoke?token=s3cr3t-query`,
      JSON.stringify({ input_text: 'My password is s3cr3t-body, what is 2 + 2?' }),
      {
        'content-type': 'application/json',
        'x-request-id': request_id,
        authorization: 'Bearer s3cr3t-bearer',
        cookie: 'session=s3cr3t-cookie',
        'x-api-key': 's3cr3t-key',
      },
    );
  await response.text();
  await accessLine(request_id);
  expect(JSON.stringify(lines)).not.toMatch(/s3cr3t|127\.0\.0\.1/);
});
