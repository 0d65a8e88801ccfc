import { startApp, type TestApp } from '../support/app.js';
import { CountingServer, publishedFlow, ranFlow, runOf, runWhen, startRun } from '../support/flows.js';
import { readEvents } from '../support/sse.js';

let app: TestApp;
let service: CountingServer;

beforeAll(async () => {
  [app, service] = await Promise.all([startApp(), CountingServer.start()]);
});
afterAll(async () => {
  await app.close();
  await service.close();
});

const write = (path: string, key: string, fields: object = {}) => ({
  http: { method: 'POST', url: `${service.url}${path}`, body: { at: path } },
  idempotency_key: key,
  retry: { max_attempts: 3, initial_seconds: 0.02, jitter: false },
  ...fields,
});

describe('flows', () => {
  it('runs steps in the order of their needs and answers the output', async () => {
    const run = await ranFlow(
      app.http,
      {
        input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
        steps: [
          { id: 'double', transform: 'input.n * 2' },
          { id: 'order', http: { url: `${service.url}/orders/7` } },
          { id: 'sum', needs: ['double', 'order'], transform: 'steps.double.output + steps.order.output.body.total' },
          { id: 'skipped', needs: ['sum'], when: 'steps.sum.output < 0', transform: '1' },
          { id: 'text', needs: ['skipped', 'sum'], transform: 'Sum: ${{ steps.sum.output }}' },
        ],
        output: { sum: '${{ steps.sum.output }}', text: '${{ steps.text.output }}' },
      },
      { input: { n: 4 }, wait_seconds: 10 },
    );
    expect(run).toMatchObject({ status: 'completed', output: { sum: 258, text: 'Sum: 258' }, error: null });
    expect(run.steps.map(({ step_id, status }) => [step_id, status])).toEqual([
      ['double', 'completed'],
      ['order', 'completed'],
      ['sum', 'completed'],
      ['skipped', 'skipped'],
      ['text', 'completed'],
    ]);
  });

  it('refuses an input that does not fit, and answers the same run for the same key', async () => {
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 60,
      input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
      steps: [{ id: 'a', transform: 'input.n' }],
    });
    const refused = await app.http.post(`/api/v1/flows/${flow_id}/runs`, { input: {} });
    expect({ status: refused.status, fields: refused.error.details.fields }).toEqual({
      status: 400,
      fields: { input: [expect.stringContaining('n')] },
    });
    const first = await startRun(app.http, flow_id, { input: { n: 1 }, idempotency_key: 'k' });
    const second = await startRun(app.http, flow_id, { input: { n: 1 }, idempotency_key: 'k' });
    expect(second.run_id).toBe(first.run_id);
    const other = await app.http.post(`/api/v1/flows/${flow_id}/runs`, { input: { n: 2 }, idempotency_key: 'k' });
    expect({ status: other.status, code: other.error.code }).toEqual({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('retries a write with its key until the service answers', async () => {
    const run = await ranFlow(app.http, {
      steps: [{ id: 'pay', ...write('/fail/2/pay', 'pay-1') }],
      output: '${{ steps.pay.output.body.tries }}',
    });
    expect(run).toMatchObject({ status: 'completed', output: 3 });
    expect(run.steps[0]?.attempts.map(({ status, error }) => [status, error?.code])).toEqual([
      ['failed', 'HTTP_503'],
      ['failed', 'HTTP_503'],
      ['completed', undefined],
    ]);
    expect(service.applied.filter(({ key }) => key === 'pay-1')).toHaveLength(1);
  });

  it('undoes what was done, in reverse order, and leaves a dead letter that can be replayed', async () => {
    const undo = (path: string) => ({ compensate: { http: { method: 'POST', url: `${service.url}${path}` } } });
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 60,
      steps: [
        { id: 'reserve', ...write('/reserve', 'r-${{ input.n }}', undo('/release')) },
        { id: 'charge', needs: ['reserve'], ...write('/charge', 'c-${{ input.n }}', undo('/repay')) },
        { id: 'ship', needs: ['charge'], ...write('/status/409', 's-${{ input.n }}') },
      ],
    });
    const run = await runWhen(app.http, (await startRun(app.http, flow_id, { input: { n: 9 } })).run_id);
    expect(run).toMatchObject({ status: 'compensated', error: { code: 'HTTP_409', step_id: 'ship' } });
    expect(service.applied.slice(-4).map(({ path }) => path)).toEqual(['/reserve', '/charge', '/repay', '/release']);
    expect(run.steps[2]?.attempts).toHaveLength(3);

    const { data } = await app.http.get<{ dead_letters: { dead_letter_id: string; run_id: string }[] }>(
      `/api/v1/flows/${flow_id}/dead-letters`,
    );
    expect(data.dead_letters).toEqual([expect.objectContaining({ run_id: run.run_id })]);
    const id = data.dead_letters[0]?.dead_letter_id ?? '';
    const replayed = await app.http.post<{ run_id: string }>(`/api/v1/dead-letters/${id}/replay`);
    expect(replayed.status).toBe(202);
    expect((await app.http.post(`/api/v1/dead-letters/${id}/replay`)).status).toBe(404);
    const again = await runWhen(app.http, replayed.data.run_id);
    expect(again).toMatchObject({ status: 'compensated', trigger: { kind: 'replay', id } });
  });

  it('runs inner steps for each item and collects their outputs in order', async () => {
    const run = await ranFlow(
      app.http,
      {
        steps: [
          {
            id: 'lines',
            for_each: {
              items: 'input.lines',
              max_parallel: 3,
              steps: [
                { id: 'price', transform: 'item.count * item.price' },
                { id: 'label', needs: ['price'], transform: '${{ index }}: ${{ steps.price.output }}' },
              ],
              output: '${{ steps.label.output }}',
            },
          },
          {
            id: 'route',
            needs: ['lines'],
            switch: {
              cases: [
                { name: 'many', when: 'size(steps.lines.output) > 2', steps: [{ id: 'big', transform: '"big"' }] },
              ],
              default: [{ id: 'small', transform: '"small"' }],
            },
          },
        ],
        output: { lines: '${{ steps.lines.output }}', route: '${{ steps.route.output }}' },
      },
      { input: { lines: [1, 2, 3, 4, 5].map((count) => ({ count, price: 2 })) } },
    );
    expect(run.output).toEqual({
      lines: ['0: 2', '1: 4', '2: 6', '3: 8', '4: 10'],
      route: { case: 'many', output: 'big' },
    });
    expect(run.steps.filter(({ step_id }) => step_id === 'price').map(({ key }) => key)).toEqual(
      [0, 1, 2, 3, 4].map((index) => `price[${index}]`),
    );
  });

  it('waits for a time, a signal and a person, and lets the person decide once', async () => {
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 600,
      steps: [
        { id: 'pause', wait: { seconds: 0.5 } },
        { id: 'parcel', needs: ['pause'], wait_for: { signal: 'parcel', expires_seconds: 60 } },
        {
          ...{ id: 'person', needs: ['parcel'] },
          approval: { roles: ['admin'], message: 'Send ${{ steps.parcel.output.id }}?', expires_seconds: 60 },
        },
        { id: 'end', needs: ['person', 'parcel'], transform: '${{ steps.parcel.output.id }}' },
      ],
      output: { id: '${{ steps.end.output }}', by: '${{ steps.person.output.by }}' },
    });
    const { run_id } = await startRun(app.http, flow_id);
    const atStep = (id: string) => (run: { steps: { step_id: string; status: string }[] }) =>
      run.steps.some(({ step_id, status }) => step_id === id && status === 'waiting');
    await runWhen(app.http, run_id, atStep('parcel'));
    const signalled = await app.http.post(`/api/v1/flow-runs/${run_id}/signals/parcel`, { data: { id: 'P-1' } });
    expect(signalled.status).toBe(202);
    const waiting = await runWhen(app.http, run_id, (run) => atStep('person')(run) && run.status === 'waiting');
    expect(waiting.legal_actions).toEqual(['pause', 'cancel']);
    expect(waiting.steps.find(({ step_id }) => step_id === 'person')).toMatchObject({
      input: { roles: ['admin'], message: 'Send P-1?' },
    });
    const developer = app.http.as('default', 'dev', ['developer']);
    const decision = `/api/v1/flow-runs/${run_id}/steps/person/decision`;
    expect((await developer.post(decision, { approve: true })).status).toBe(403);
    expect((await app.http.post(decision, { approve: true, comment: 'fine' })).status).toBe(200);
    expect([400, 409]).toContain((await app.http.post(decision, { approve: false })).status);
    const run = await runWhen(app.http, run_id);
    expect(run).toMatchObject({ status: 'completed', output: { id: 'P-1', by: 'developer' } });
    const audit = await app.http.get<{ entries: object[] }>('/api/v1/audit?action=flow_run.decided');
    expect(audit.data.entries).toEqual([
      expect.objectContaining({ target: run_id, details: { step_id: 'person', approve: true, comment: 'fine' } }),
    ]);
  });

  it('pauses, resumes, cancels with compensation, and continues a failed run from where it failed', async () => {
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 600,
      steps: [
        {
          ...{ id: 'book', ...write('/book', 'b-${{ run.id }}') },
          compensate: { http: { method: 'DELETE', url: `${service.url}/book` } },
        },
        { id: 'hold', needs: ['book'], wait_for: { signal: 'go' } },
        { id: 'check', needs: ['hold'], transform: 'steps.hold.output.ok ? 1 : 1 / 0' },
      ],
    });
    const control = (run_id: string, body: object) => app.http.put(`/api/v1/flow-runs/${run_id}/control`, body);
    const { run_id } = await startRun(app.http, flow_id);
    await runWhen(app.http, run_id, ({ status }) => status === 'waiting');
    expect((await control(run_id, { action: 'resume' })).status).toBe(400);
    expect((await control(run_id, { action: 'pause' })).data).toMatchObject({ status: 'paused' });
    await app.http.post(`/api/v1/flow-runs/${run_id}/signals/go`, { data: { ok: false } });
    expect((await runOf(app.http, run_id)).status).toBe('paused');
    await control(run_id, { action: 'resume' });
    const failed = await runWhen(app.http, run_id);
    expect(failed).toMatchObject({ status: 'compensated', error: { code: 'EXPRESSION_ERROR', step_id: 'check' } });

    const other = await startRun(app.http, flow_id);
    await runWhen(app.http, other.run_id, ({ status }) => status === 'waiting');
    await control(other.run_id, { action: 'cancel', reason: 'changed my mind' });
    const cancelled = await runWhen(app.http, other.run_id);
    expect(cancelled).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED', message: 'changed my mind' } });
    expect(cancelled.steps[0]?.compensation?.status).toBe('completed');
    expect((await control(other.run_id, { action: 'retry' })).status).toBe(200);
    await runWhen(app.http, other.run_id, ({ status }) => status === 'waiting');
    await app.http.post(`/api/v1/flow-runs/${other.run_id}/signals/go`, { data: { ok: true } });
    const continued = await runWhen(app.http, other.run_id);
    expect(continued.status).toBe('completed');
    expect(service.applied.filter(({ key }) => key?.startsWith(`b-${other.run_id}`)).map(({ key }) => key)).toEqual([
      `b-${other.run_id}`,
      `b-${other.run_id}:1`,
    ]);
  });

  it('streams what happens and goes on after any event', async () => {
    const flow_id = await publishedFlow(app.http, {
      timeout_seconds: 60,
      steps: [
        { id: 'a', transform: '1' },
        { id: 'b', needs: ['a'], transform: 'steps.a.output + 1' },
      ],
    });
    const { run_id } = await startRun(app.http, flow_id);
    const url = `${app.url}/api/v1/flow-runs/${run_id}/events`;
    const all = await readEvents(url);
    expect(all.map(({ id, event }) => [id, event])).toEqual([
      ['1', 'run.created'],
      ['2', 'step.completed'],
      ['3', 'run.status'],
      ['4', 'step.completed'],
      ['5', 'run.ended'],
    ]);
    const rest = await readEvents(url, { headers: { 'last-event-id': '3' } });
    expect(rest.map(({ id }) => id)).toEqual(['4', '5']);
    const done = await app.http.raw('GET', `/api/v1/flow-runs/${run_id}/events`, undefined, { 'last-event-id': '5' });
    expect(done.status).toBe(204);
  });

  it('runs another flow as a step, and skips or queues runs with the same concurrency key', async () => {
    const inner = await publishedFlow(app.http, {
      timeout_seconds: 60,
      steps: [{ id: 'a', transform: 'input.n * 10' }],
      output: '${{ steps.a.output }}',
    });
    const run = await ranFlow(
      app.http,
      {
        steps: [{ id: 'call', flow: { flow_id: inner, input: { n: '${{ input.n }}' } } }],
        output: '${{ steps.call.output }}',
      },
      { input: { n: 3 } },
    );
    expect(run).toMatchObject({ status: 'completed', output: 30 });

    const held = (policy: string) => ({
      timeout_seconds: 60,
      concurrency: { key: '${{ input.k }}', policy },
      steps: [{ id: 'hold', wait_for: { signal: 'go' } }],
    });
    const skip = await publishedFlow(app.http, held('skip'));
    const first = await startRun(app.http, skip, { input: { k: 'x' } });
    const second = await startRun(app.http, skip, { input: { k: 'x' } });
    expect(second).toMatchObject({ status: 'cancelled', error: { code: 'SKIPPED' } });
    await app.http.post(`/api/v1/flow-runs/${first.run_id}/signals/go`, {});
    expect((await runWhen(app.http, first.run_id)).status).toBe('completed');

    const queue = await publishedFlow(app.http, held('queue'));
    const before = await startRun(app.http, queue, { input: { k: 'x' } });
    await runWhen(app.http, before.run_id, ({ status }) => status === 'waiting');
    const after = await startRun(app.http, queue, { input: { k: 'x' } });
    await app.http.post(`/api/v1/flow-runs/${after.run_id}/signals/go`, {});
    expect((await runOf(app.http, after.run_id)).status).toBe('queued');
    await app.http.post(`/api/v1/flow-runs/${before.run_id}/signals/go`, {});
    expect((await runWhen(app.http, after.run_id)).status).toBe('completed');
  });
});
