import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApp, type TestApp } from '../support/app.js';
import { CountingServer, publishedFlow, ranFlow, runWhen, startRun } from '../support/flows.js';
import { eventually } from '../support/http.js';
import { startBeside } from '../support/shared-app.js';

let app: TestApp;
let service: CountingServer;

beforeAll(async () => {
  [app, service] = await Promise.all([startApp(), CountingServer.start()]);
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const post = (path: string) => ({ method: 'POST', url: `${service.url}${path}` });
const once = { max_attempts: 1 };

it('ends approvals and waits at their expiry as the step says, and waits until a time', async () => {
  const onError = { on_error: 'continue' };
  const until = new Date(Date.now() + 1_500).toISOString();
  const run = await ranFlow(
    app.http,
    {
      steps: [
        { id: 'approved', approval: { expires_seconds: 1, on_expiry: 'approve' } },
        { id: 'refused', approval: { expires_seconds: 1, on_expiry: 'reject' }, ...onError },
        { id: 'expired', approval: { expires_seconds: 1, on_expiry: 'fail' }, ...onError },
        { id: 'went_on', wait_for: { signal: 'a', expires_seconds: 1, on_expiry: 'continue' } },
        { id: 'missed', wait_for: { signal: 'b', expires_seconds: 1, on_expiry: 'fail' }, ...onError },
        { id: 'until', wait: { until: '${{ input.until }}' } },
        { id: 'after', needs: ['until'], transform: 'now' },
      ],
      output: '${{ steps.after.output }}',
    },
    { input: { until } },
  );
  expect(run.status).toBe('completed');
  expect(run.steps.map(({ step_id, status, error }) => [step_id, status, error?.code])).toEqual([
    ['approved', 'completed', undefined],
    ['refused', 'failed', 'REJECTED'],
    ['expired', 'failed', 'EXPIRED'],
    ['went_on', 'completed', undefined],
    ['missed', 'failed', 'EXPIRED'],
    ['until', 'completed', undefined],
    ['after', 'completed', undefined],
  ]);
  expect(run.steps[0]?.output).toMatchObject({ approved: true, by: null, comment: 'expired' });
  expect(String(run.output) >= until).toBe(true);
});

it('retries only what may pass, not before the service allows it, and ends an attempt that takes too long', async () => {
  const tried = new Set<string>();
  const moody = createServer(({ url = '' }, response) => {
    const code = tried.has(url) ? 200 : Number(url.slice(1));
    tried.add(url);
    response.writeHead(code, { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '1' } : {}) });
    response.end('{}');
  });
  await new Promise<void>((resolve) => moody.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(moody.address() as AddressInfo).port}`;
  const retry = { max_attempts: 2, initial_seconds: 0.01, jitter: false };
  // The first six are retried.
  const codes = [408, 409, 425, 429, 500, 503, 400, 404, 422];
  try {
    const run = await ranFlow(
      app.http,
      {
        steps: [
          {
            id: 'each',
            for_each: {
              items: 'input.codes',
              max_parallel: codes.length,
              steps: [
                {
                  ...{ id: 'one', idempotency_key: 'k-${{ item }}', retry, on_error: 'continue' },
                  http: { method: 'POST', url: `${url}/\${{ item }}` },
                },
              ],
            },
          },
          { id: 'conflict', needs: ['each'], http: { url: `${service.url}/status/409` }, retry, on_error: 'continue' },
          { id: 'slow', http: { url: `${service.url}/slow/60000` }, timeout_seconds: 1, on_error: 'continue' },
        ],
      },
      { input: { codes } },
    );
    const ones = run.steps.filter(({ step_id }) => step_id === 'one');
    expect(ones.map(({ status, attempts }, index) => [codes[index], status, attempts.length])).toEqual(
      codes.map((code, index) => (index < 6 ? [code, 'completed', 2] : [code, 'failed', 1])),
    );
    const [first, second] = (ones[3]?.attempts ?? []) as unknown as { started_at: string; ended_at: string }[];
    expect(Date.parse(second?.started_at ?? '') - Date.parse(first?.ended_at ?? '')).toBeGreaterThanOrEqual(1_000);
    const of = (id: string) => run.steps.find(({ step_id }) => step_id === id);
    // A read has no key: a conflict says nothing of a request in flight.
    expect([of('conflict')?.attempts.length, of('conflict')?.error?.code]).toEqual([1, 'HTTP_409']);
    expect(of('slow')?.error?.code).toBe('TIMEOUT');
  } finally {
    moody.closeAllConnections();
    moody.close();
  }
});

it('cancels the run before it where the policy says so, and undoes nothing when it is cancelled without compensation', async () => {
  const flow_id = await publishedFlow(app.http, {
    timeout_seconds: 600,
    concurrency: { key: '${{ input.k }}', policy: 'cancel_running' },
    steps: [
      {
        ...{ id: 'book', http: post('/seat'), idempotency_key: 'seat-${{ run.id }}', retry: once },
        compensate: { http: { method: 'DELETE', url: `${service.url}/seat` } },
      },
      { id: 'hold', needs: ['book'], wait_for: { signal: 'go' } },
    ],
  });
  const first = (await startRun(app.http, flow_id, { input: { k: 'x' } })).run_id;
  await runWhen(app.http, first, ({ status }) => status === 'waiting');
  const second = (await startRun(app.http, flow_id, { input: { k: 'x' } })).run_id;
  const ended = await runWhen(app.http, first);
  expect([ended.status, ended.steps[0]?.compensation?.status]).toEqual(['cancelled', 'completed']);
  await runWhen(app.http, second, ({ status }) => status === 'waiting');
  await app.http.put(`/api/v1/flow-runs/${second}/control`, { action: 'cancel', compensate: false });
  const cancelled = await runWhen(app.http, second);
  expect([cancelled.status, cancelled.steps[0]?.status, cancelled.steps[0]?.compensation]).toEqual([
    ...['cancelled', 'completed'],
    undefined,
  ]);
  expect(service.applied.filter(({ path }) => path === '/seat').map(({ method }) => method)).toEqual([
    ...['POST', 'DELETE'],
    'POST',
  ]);
});

it('continues a failed run from a step on, keeps the other results, and sends the same key', async () => {
  const flow_id = await publishedFlow(app.http, {
    timeout_seconds: 600,
    steps: [
      { id: 'kept', http: post('/kept'), idempotency_key: 'kept-${{ run.id }}', retry: once },
      { id: 'again', http: post('/again'), idempotency_key: 'again-${{ run.id }}', retry: once },
      { id: 'end', needs: ['kept', 'again'], http: post('/fail/1/end'), idempotency_key: 'e', retry: once },
    ],
  });
  const { run_id } = await startRun(app.http, flow_id);
  expect(await runWhen(app.http, run_id)).toMatchObject({ status: 'failed', error: { step_id: 'end' } });
  const path = `/api/v1/flow-runs/${run_id}/control`;
  const unknown = await app.http.put(path, { action: 'retry', from_step: 'none' });
  expect([unknown.status, Object.keys(unknown.error.details.fields ?? {})]).toEqual([400, ['from_step']]);
  expect((await app.http.put(path, { action: 'retry', from_step: 'again' })).status).toBe(200);
  expect(await runWhen(app.http, run_id)).toMatchObject({ status: 'completed' });
  const sent = (name: string) => service.requests.filter(({ path }) => path === `/${name}`).map(({ key }) => key);
  expect(sent('kept')).toEqual([`kept-${run_id}`]);
  expect(sent('again')).toEqual([`again-${run_id}`, `again-${run_id}`]);
});

it('stores a large result apart and reads it like any other', async () => {
  const text = '${{ input.text }}';
  const run = await ranFlow(
    app.http,
    {
      steps: [
        { id: 'large', transform: { both: [text, text], n: 7 } },
        { id: 'size', needs: ['large'], transform: 'size(steps.large.output.both[1]) + steps.large.output.n' },
        { id: 'larger', transform: Array(6).fill(text), on_error: 'continue' },
      ],
      output: '${{ steps.size.output }}',
    },
    { input: { text: 'x'.repeat(200_000) } },
  );
  const { status, output, error, steps } = run;
  expect({ status, output, error }).toEqual({ status: 'completed', output: 200_007, error: null });
  const [large, , larger] = steps;
  expect((large?.output as { both: string[] }).both.map(({ length }) => length)).toEqual([200_000, 200_000]);
  expect(larger?.error?.code).toBe('RESULT_TOO_LARGE');
});

it('does not fail a step whose process leaves: another process repeats the attempt', async () => {
  const keys: unknown[] = [];
  const slow = createServer(({ headers }, response) => {
    keys.push(headers['idempotency-key']);
    // The first request gets no answer.
    if (keys.length > 1) response.writeHead(200, { 'content-type': 'application/json' }).end('{"paid":true}');
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/charge`;
  const front = await startApp({ FLOW_RUN_SLOTS: '0' });
  const leaving = await startBeside(front, undefined, {
    BACKGROUND_RUN_GRACE_SECONDS: '0',
    SHUTDOWN_GRACE_SECONDS: '1',
    // How soon it finds the run of the other process.
    ENGINE_REAPER_SECONDS: '1',
  });
  let next: TestApp | undefined;
  try {
    const charge = { id: 'charge', http: { method: 'POST', url }, idempotency_key: 'once', retry: { max_attempts: 2 } };
    const flow_id = await publishedFlow(front.http, { timeout_seconds: 600, steps: [charge] });
    const { run_id } = await startRun(front.http, flow_id);
    await eventually(
      () => Promise.resolve(keys.length),
      (asked) => asked === 1,
    );
    await leaving.close();
    next = await startBeside(front, undefined);
    const { status, steps } = await runWhen(front.http, run_id);
    expect([status, steps[0]?.attempts.map((attempt) => attempt.status)]).toEqual([
      'completed',
      ['interrupted', 'completed'],
    ]);
    expect(keys).toEqual(['once', 'once']);
  } finally {
    await next?.close();
    await leaving.close().catch(() => undefined);
    await front.close();
    slow.closeAllConnections();
    slow.close();
  }
});
