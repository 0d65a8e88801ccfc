import { Settings } from '../../src/platform/config/settings.js';
import { startApp, type TestApp } from '../support/app.js';
import { temporalSettings } from '../support/database.js';
import { eventually } from '../support/http.js';
import { publishedFlow, runWhen, startRun } from '../support/flows.js';
import { startBeside } from '../support/shared-app.js';
import { TemporalServer } from '../support/temporal-server.js';

const PATIENCE_MS = 120_000;
const QUICK = { ENGINE_LEASE_SECONDS: '4', ENGINE_HEARTBEAT_SECONDS: '1', ENGINE_REAPER_SECONDS: '1' };

let server: TemporalServer;
let app: TestApp;

/** A server of its own, which dies. */
beforeAll(async () => {
  server = await TemporalServer.start();
  const own = { ...temporalSettings('flows'), TEMPORAL_ADDRESS: server.address };
  app = await startApp({ ...own, ...QUICK });
});
afterAll(async () => {
  await app.close();
  await server.stop();
});

const ended = (run_id: string) => runWhen(app.http, run_id, undefined, PATIENCE_MS);

it('runs flows with sub-flows, timers and signals, and cancels them', async () => {
  const child = await publishedFlow(app.http, {
    timeout_seconds: 60,
    steps: [{ id: 'twice', transform: 'input.n * 2' }],
    output: '${{ steps.twice.output }}',
  });
  const flow_id = await publishedFlow(app.http, {
    timeout_seconds: 600,
    steps: [
      { id: 'child', flow: { flow_id: child, input: { n: '${{ input.n }}' } } },
      { id: 'pause', needs: ['child'], wait: { seconds: 1 } },
      { id: 'go', needs: ['pause'], wait_for: { signal: 'go' } },
    ],
    output: '${{ steps.child.output }}',
  });
  const { run_id } = await startRun(app.http, flow_id, { input: { n: 21 } });
  await runWhen(app.http, run_id, ({ steps }) => steps.at(-1)?.status === 'waiting', PATIENCE_MS);
  expect((await app.http.post(`/api/v1/flow-runs/${run_id}/signals/go`, { data: {} })).status).toBeLessThan(300);
  expect(await ended(run_id)).toMatchObject({ status: 'completed', output: 42 });
  const cancelled = (await startRun(app.http, flow_id, { input: { n: 1 } })).run_id;
  await runWhen(app.http, cancelled, ({ steps }) => steps.at(-1)?.status === 'waiting', PATIENCE_MS);
  await app.http.put(`/api/v1/flow-runs/${cancelled}/control`, { action: 'cancel', reason: 'enough' });
  expect(await ended(cancelled)).toMatchObject({ status: 'cancelled' });
});

it('refuses runs while Temporal is away, takes them embedded where that is the fallback, and never moves a run', async () => {
  const away = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_WORKER: 'false' };
  const flow_id = await publishedFlow(app.http, {
    timeout_seconds: 600,
    steps: [{ id: 'go', wait_for: { signal: 'go' } }],
  });
  const held = (await startRun(app.http, flow_id)).run_id;
  await runWhen(app.http, held, ({ status }) => status === 'waiting', PATIENCE_MS);
  const [refusing, falling] = [
    await startBeside(app, undefined, { ...temporalSettings('flows'), ...QUICK, ...away }),
    await startBeside(app, undefined, { ...temporalSettings('flows'), ...QUICK, ...away, ENGINE_FALLBACK: 'embedded' }),
  ];
  try {
    const refused = await refusing.http.post(`/api/v1/flows/${flow_id}/runs`, { input: {} });
    expect(refused).toMatchObject({ status: 503, error: { code: 'SERVICE_UNAVAILABLE' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await refusing.http.raw('GET', '/health/live')).status).toBe(200);
    expect((await refusing.http.raw('GET', '/health/ready')).status).toBe(503);
    expect((await falling.http.raw('GET', '/health/ready')).status).toBe(200);
    const taken = (await startRun(falling.http, flow_id)).run_id;
    await runWhen(falling.http, taken, ({ status }) => status === 'waiting', PATIENCE_MS);
    // Each goes on where it began, whatever process takes the signal.
    for (const id of [taken, held]) await falling.http.post(`/api/v1/flow-runs/${id}/signals/go`, { data: {} });
    expect(await ended(taken)).toMatchObject({ status: 'completed' });
    expect(await ended(held)).toMatchObject({ status: 'completed' });
  } finally {
    await Promise.all([refusing.close(), falling.close()]);
  }
});

it('fires schedules, as Temporal Schedules where the server has them', async () => {
  const flow_id = await publishedFlow(app.http, { timeout_seconds: 60, steps: [{ id: 'one', transform: '1' }] });
  const path = `/api/v1/flows/${flow_id}/triggers`;
  const config = { every_seconds: 10, overlap: 'allow' };
  const { data: trigger } = await app.http.post<{ trigger_id: string; next_times: string[] }>(path, {
    ...{ kind: 'schedule', config },
  });
  const { trigger_id } = trigger;
  const settings = app.app.get(Settings, { strict: false });
  const name = `${settings.get('NEXUS_TABLE_PREFIX')}default#${flow_id}#${trigger_id}`;
  const wanted = server.isReal ? [name] : [];
  expect(await server.schedules()).toEqual(wanted);
  const started = await eventually(
    async () => (await app.http.get<{ runs: { trigger: object }[] }>(`/api/v1/flows/${flow_id}/runs`)).data.runs,
    (runs) => runs.length > 1,
    PATIENCE_MS,
  );
  for (const run of started) expect(run.trigger).toEqual({ kind: 'schedule', id: trigger_id });
  await app.http.delete(`${path}/${trigger_id}`);
  expect(await server.schedules()).toEqual([]);
});
