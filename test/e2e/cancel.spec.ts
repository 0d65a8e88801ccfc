import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { CountingRuntime } from '../support/counting-runtime.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';
import { readEvents } from '../support/sse.js';

interface RunBody extends Record<string, unknown> {
  invocation_id: string;
  status: string;
}

let app: TestApp;
let other: TestApp;
let agent: BuiltAgent;
const runtime = new CountingRuntime();

beforeAll(async () => {
  app = await startApp({ BACKGROUND_RUN_SLOTS: '1' }, runtime);
  other = await startBeside(app, new CountingRuntime());
  agent = await registeredAgent(app);
});
afterAll(async () => {
  await other.close();
  await app.close();
});

const start = async (input_text: string): Promise<string> =>
  (await app.http.post<RunBody>(`${agent.path}/invoke`, { input_text, background: true })).data.invocation_id;
const cancel = (from: TestApp, id: string) => from.http.post<RunBody>(`/api/v1/invocations/${id}/cancel`);
const ended = (id: string, within_ms: number) =>
  eventually(
    async () => (await app.http.get<RunBody>(`/api/v1/invocations/${id}`)).data,
    ({ status }) => status !== 'running',
    within_ms,
  );
const CANCELLED = { status: 'failed', error: { reason: 'cancelled', message: 'The run was cancelled' }, output: null };

describe('cancelling', () => {
  it.each([
    ['the process that runs it', () => app, 1_000],
    ['another process', () => other, 2_500],
  ])('through %s ends a background run', async (_name, from, within_ms) => {
    const input = `count 60${within_ms} every 10`;
    const id = await start(input);
    await eventually(
      async () => runtime.counted,
      (counted) => counted > 3,
    );
    const answer = await cancel(from(), id);
    expect(answer.status).toBe(202);
    expect(await ended(id, within_ms)).toMatchObject(CANCELLED);
    expect(runtime.stopped).toContain(input);
    const events = await readEvents(`${other.url}/api/v1/invocations/${id}/events`);
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { details: { reason: 'cancelled' } } });
  });

  it('ends a streamed run, whose stream ends with the error', async () => {
    const url = `${app.url}${agent.path}/invoke`;
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    const body = '{"input_text":"count 777 every 10"}';
    runtime.counted = 0;
    const heard = readEvents(url, { method: 'POST', headers, body });
    await eventually(
      async () => runtime.counted,
      (counted) => counted > 15,
    );
    const { data } = await app.http.get<{ invocations: RunBody[] }>(`${agent.path}/invocations?limit=1`);
    await cancel(other, data.invocations[0]?.invocation_id ?? '');
    expect((await heard).at(-1)).toMatchObject({ event: 'error', data: { details: { reason: 'cancelled' } } });
    expect(await ended(data.invocations[0]?.invocation_id ?? '', 1_000)).toMatchObject(CANCELLED);
  });

  it('ends a run that waits for a slot before it began', async () => {
    const first = await start('count 800 every 10');
    const waiting = await start('count 801 every 10');
    await cancel(app, waiting);
    expect(await ended(waiting, 1_000)).toMatchObject(CANCELLED);
    expect(runtime.stopped).not.toContain('count 801 every 10');
    await cancel(app, first);
    expect(await ended(first, 1_000)).toMatchObject(CANCELLED);
  });

  it('can be repeated, but is refused for a run that ended otherwise', async () => {
    const id = await start('count 802 every 10');
    expect((await cancel(app, id)).status).toBe(202);
    expect((await cancel(other, id)).status).toBe(202);
    await ended(id, 1_000);
    expect(await cancel(other, id)).toMatchObject({ status: 202, data: { status: 'failed' } });
    const successful = await start('quick');
    await ended(successful, 5_000);
    for (const from of [app, other])
      expect(await cancel(from, successful)).toMatchObject({
        status: 400,
        error: { code: 'INVALID_STATE', details: { current_state: 'success' } },
      });
  });

  it('is refused for a run that is answered to its caller, and for runs of others', async () => {
    const plain = app.http.post(`${agent.path}/invoke`, { input_text: 'wait 900' });
    const isRunning = ({ status, input_text }: RunBody): boolean => status === 'running' && input_text === 'wait 900';
    const page = await eventually(
      async () => (await app.http.get<{ invocations: RunBody[] }>(`${agent.path}/invocations`)).data,
      ({ invocations }) => invocations.some(isRunning),
    );
    const id = page.invocations.find(isRunning)?.invocation_id ?? '';
    expect(await cancel(app, id)).toMatchObject({ status: 400, error: { code: 'INVALID_STATE' } });
    expect((await app.http.as('rival').post(`/api/v1/invocations/${id}/cancel`)).status).toBe(404);
    expect((await cancel(app, 'inv_none')).status).toBe(404);
    expect((await plain).status).toBe(200);
  });
});
