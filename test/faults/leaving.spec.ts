import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { temporaryDirectory } from '../support/database.js';
import { eventually } from '../support/http.js';
import { PlatformProcess } from '../support/platform-process.js';

const REQUIREMENT = 'A calculator assistant that works out totals, discounts and percentages.';
const STOP_WITHIN_MS = 60_000;

let platform: PlatformProcess;
afterEach(() => platform.kill('SIGKILL'));

/** On the embedded database; builds wait for ever, so that a stream of one has no end of its own. */
async function start(environment: Record<string, string>): Promise<void> {
  const NEXUS_DATA_DIR = temporaryDirectory();
  platform = await PlatformProcess.start({ NEXUS_DATA_DIR, BUILD_SLOTS: '0', ...environment });
}

const create = () => platform.http.post<{ project_id: string }>('/api/v1/projects', { requirement: REQUIREMENT });
const readiness = async (): Promise<number> => (await platform.http.raw('GET', '/health/ready')).status;
const inFlight = async (): Promise<number> => {
  const metrics = await (await platform.http.raw('GET', '/health/metrics')).text();
  return Number(/^http_requests_in_flight (\d+)/m.exec(metrics)?.[1]);
};

describe('a process that is told to stop', () => {
  it('says that it is not ready and closes connections, but serves whoever still comes while it drains', async () => {
    await start({ SHUTDOWN_DRAIN_SECONDS: '2' });
    const ended = platform.kill('SIGTERM');
    await eventually(readiness, (status) => status === 503);
    const { status, headers, data } = await create();
    expect([status, headers.get('connection')]).toEqual([201, 'close']);
    expect((await platform.http.get(`/api/v1/projects/${data.project_id}`)).status).toBe(200);
    const { error } = await platform.http.get('/health/ready');
    expect(error.details).toMatchObject({ checks: { shutdown: { status: 'down' } } });
    expect(await ended).toBe(0);
  });

  it('answers a request whose body is still on its way', async () => {
    await start({});
    const body = JSON.stringify({ requirement: REQUIREMENT });
    const headers = { ...platform.http.headers, 'content-type': 'application/json', 'content-length': body.length };
    const slow = request(`${platform.http.url}/api/v1/projects`, { method: 'POST', headers });
    const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
    slow.write(body.slice(0, 20));
    await eventually(inFlight, (count) => count >= 2);
    const ended = platform.kill('SIGTERM');
    await eventually(
      () => readiness().catch(() => 0),
      (status) => status === 0,
    );
    slow.end(body.slice(20));
    const [response] = await answered;
    expect(response.statusCode).toBe(201);
    expect(await json(response)).toMatchObject({ success: true });
    expect(await ended).toBe(0);
  });

  it('ends streams that can be resumed elsewhere', async () => {
    await start({});
    const { data } = await create();
    const stream = await platform.http.raw('GET', `/api/v1/projects/${data.project_id}/events`);
    expect(stream.status).toBe(200);
    const told = Date.now();
    const ended = platform.kill('SIGTERM');
    expect(await stream.text()).toContain('event: ');
    expect(await ended).toBe(0);
    expect(Date.now() - told).toBeLessThan(STOP_WITHIN_MS);
  });

  it('cuts off what does not end within its grace', async () => {
    await start({ SHUTDOWN_GRACE_SECONDS: '1' });
    const slow = request(`${platform.http.url}/api/v1/projects`, {
      method: 'POST',
      headers: { ...platform.http.headers, 'content-type': 'application/json', 'content-length': 1_000 },
    });
    const broken = once(slow, 'error');
    slow.write('{');
    await eventually(inFlight, (count) => count >= 2);
    const told = Date.now();
    expect(await platform.kill('SIGTERM')).toBe(0);
    expect(Date.now() - told).toBeLessThan(STOP_WITHIN_MS);
    await broken;
  });
});
