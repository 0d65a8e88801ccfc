import { type PlatformEvent, eventWrite } from '../../src/platform/events/platform-events.repository.js';
import { DynamoDb } from '../../src/platform/database/client/dynamodb.js';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import { startApp, type TestApp } from '../support/app.js';
import { type FlowRunView, publishedFlow, runWhen } from '../support/flows.js';
import { eventually } from '../support/http.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { startBeside } from '../support/shared-app.js';

/** Accepts requests and runs no flows: what it leaves is what a process leaves that died before its events were delivered. */
let front: TestApp;
const workers: TestApp[] = [];

beforeAll(async () => {
  front = await startApp({ FLOW_RUN_SLOTS: '0', PARTNERSHIP_TICK_MS: '50' }, new ObedientRuntime());
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
});
afterAll(() => front.close());

const steps = [{ id: 'seen', transform: '${{ input.event }}' }];

async function watching(type: string, filter?: string, wishes: object = { steps }): Promise<string> {
  const flow_id = await publishedFlow(front.http, {
    timeout_seconds: 60,
    output: '${{ steps.seen.output }}',
    ...wishes,
  });
  const config = { type, ...(filter === undefined ? {} : { filter }) };
  const { status } = await front.http.post(`/api/v1/flows/${flow_id}/triggers`, { kind: 'event', config });
  expect(status).toBe(201);
  return flow_id;
}
const runsOf = async (flow_id: string): Promise<FlowRunView[]> =>
  (await front.http.get<{ runs: FlowRunView[] }>(`/api/v1/flows/${flow_id}/runs`)).data.runs;
const pending = async (): Promise<number> => {
  const db = front.app.get(DynamoDb, { strict: false });
  let count = 0;
  for await (const _ of db.scanAll('PlatformEvents')) count += 1;
  return count;
};
const invoke = (path: string, input_text: string) => front.http.post<unknown>(`${path}/invoke`, { input_text });

it('events survive the process that they happened in, and start one run each however many processes deliver them', async () => {
  const agent = await registeredAgent(front);
  const failing = `event.agent_id == "${agent.agent_id}" && event.error.reason == "model"`;
  const [failed, stopped, changed, other] = [
    await watching('invocation.failed', failing),
    await watching('build.stopped'),
    await watching('partnership.health_changed', 'event.partnership_id == "cursor_technical"'),
    await watching('build.completed'),
  ];
  for (const text of ['fail model', 'fail limit', 'hello']) await invoke(agent.path, text);
  const project = await front.http.post<{ project_id: string }>('/api/v1/projects', {
    requirement: 'Counts words in texts',
  });
  const { project_id } = project.data;
  const control = await front.http.put(`/api/v1/projects/${project_id}/control`, { action: 'stop', reason: 'test' });
  expect(control.status).toBe(200);
  await front.http.get('/api/v1/orchestration/health');
  const probe = { agent_ids: [agent.agent_id], interval_seconds: 1 };
  expect((await front.http.put('/api/v1/orchestration/partnerships/cursor_technical', { probe })).status).toBe(200);
  await eventually(pending, (count) => count >= 4);
  expect(await runsOf(failed)).toEqual([]);

  for (let process = 0; process < 2; process++) workers.push(await startBeside(front, new ObedientRuntime()));
  await eventually(pending, (count) => count === 0);
  const outputOf = async (flow_id: string): Promise<unknown> => {
    const runs = await runsOf(flow_id);
    expect(runs).toHaveLength(1);
    return (await runWhen(front.http, runs[0]?.run_id ?? '')).output;
  };
  const id = expect.stringMatching(/^inv_/) as string;
  expect(await outputOf(failed)).toMatchObject({
    ...{ type: 'invocation.failed', agent_id: agent.agent_id, invocation_id: id },
    error: { code: 'AGENT_INVOCATION_FAILED', reason: 'model', message: 'failed as told: model' },
  });
  expect(await outputOf(stopped)).toMatchObject({
    ...{ type: 'build.stopped', project_id, status: 'stopped' },
    error: { code: 'STOPPED', message: 'Stopped by request: test' },
  });
  expect(await outputOf(changed)).toMatchObject({
    ...{ type: 'partnership.health_changed', partnership_id: 'cursor_technical', from: 'unknown' },
  });
  expect(await runsOf(other)).toEqual([]);

  // A process that died between the run and the deletion of its event has left the event.
  const event: PlatformEvent = {
    ...{ id: 'build.completed bld_twice', org_id: 'default', type: 'build.completed', depth: 0 },
    ...{ at: new Date().toISOString(), data: { build_id: 'bld_twice' } },
  };
  for (let time = 0; time < 2; time++) {
    await front.app.get(UnitOfWork, { strict: false }).commit([eventWrite(event)]);
    await eventually(pending, (count) => count === 0);
    expect(await outputOf(other)).toEqual({ type: 'build.completed', build_id: 'bld_twice', at: event.at });
  }
});

it('a flow whose agent fails for the event that started it ends after six runs', async () => {
  const agent = await registeredAgent(front, { agent_name: 'looping' });
  const own = await watching('invocation.failed', `event.agent_id == "${agent.agent_id}"`, {
    steps: [
      { id: 'again', on_error: 'continue', agent: { agent_id: agent.agent_id, input: 'fail limit' } },
      { id: 'seen', needs: ['again'], transform: '1' },
    ],
  });
  workers.push(await startBeside(front, new ObedientRuntime()));
  await invoke(agent.path, 'fail limit');
  const runs = await eventually(
    () => runsOf(own),
    ({ length }) => length >= 6,
  );
  await eventually(pending, (count) => count === 0);
  for (const { run_id } of runs) await runWhen(front.http, run_id);
  await eventually(pending, (count) => count === 0);
  expect(await runsOf(own)).toHaveLength(6);
});
