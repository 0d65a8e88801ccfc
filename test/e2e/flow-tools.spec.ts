import { startApp, type TestApp } from '../support/app.js';
import { type FlowRunView, publishedFlow, runWhen, startRun } from '../support/flows.js';
import { registeredAgent } from '../support/registered-agent.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';

interface Invocation {
  trace: { steps: { type: string; name: string; output?: unknown; error?: string }[] };
}

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp();
  agent = await registeredAgent(app, { project_id: 'proj_flows' });
});
afterAll(() => app.close());

const attach = (name: string, config: object) =>
  app.http.post<{ tool_id: string; operations: object[] }>('/api/v1/tools', {
    ...{ kind: 'flow', name, description: 'A flow of this test', agent_id: agent.agent_id, config },
  });
const runsOf = async (flow_id: string): Promise<(FlowRunView & { trigger: object })[]> =>
  (await app.http.get<{ runs: (FlowRunView & { trigger: object })[] }>(`/api/v1/flows/${flow_id}/runs`)).data.runs;

/** The offline model calls the tool that the message names. @returns the step of the tool in the trace of the run */
async function called(name: string, input: object) {
  const asked = { input_text: `Call ${name} with ${JSON.stringify(input)}` };
  const { data } = await app.http.post<{ invocation_id: string }>(`${agent.path}/invoke`, asked);
  const { data: invocation } = await app.http.get<Invocation>(`/api/v1/invocations/${data.invocation_id}`);
  return invocation.trace.steps.find((step) => step.type === 'tool' && step.name === name);
}

it('an agent calls a published flow and reads its output, or the id of a run that goes on', async () => {
  const input_schema = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } };
  const flow_id = await publishedFlow(app.http, {
    ...{ timeout_seconds: 60, input_schema, output: { twice: '${{ steps.twice.output }}' } },
    steps: [{ id: 'twice', transform: 'input.n < 0 ? input.n.missing : input.n * 2' }],
  });
  const attached = await attach('twice', { flow_id });
  expect({ status: attached.status, operations: attached.data.operations }).toEqual({
    status: 201,
    operations: [{ name: 'twice', operation: 'twice', description: 'A flow of this test', input_schema, risk: 'read' }],
  });
  const answered = await called('twice', { n: 21 });
  const [run] = await runsOf(flow_id);
  expect(answered?.output).toEqual({ run_id: run?.run_id, status: 'completed', output: { twice: 42 } });
  expect(run).toMatchObject({ status: 'completed', trigger: { kind: 'agent', id: agent.agent_id } });

  expect((await called('twice', { n: 'many' }))?.error).toBe('The input of twice is not valid: n must be number');
  expect((await called('twice', { n: -1 }))?.error).toMatch(/^twice failed: The run frun_\w+ ended as failed: /);
  expect(await runsOf(flow_id)).toHaveLength(2);

  const waiting = await publishedFlow(app.http, {
    timeout_seconds: 60,
    steps: [{ id: 'go', wait_for: { signal: 'go' } }],
  });
  await attach('patient', { flow_id: waiting, wait_seconds: 0 });
  const [{ output } = {}, [left]] = [await called('patient', {}), await runsOf(waiting)];
  expect(output).toMatchObject({
    run_id: left?.run_id,
    note: expect.stringMatching(/^The run is still in progress\./) as string,
  });
  await app.http.post(`/api/v1/flow-runs/${left?.run_id}/signals/go`, { data: {} });
  expect(await runWhen(app.http, left?.run_id ?? '')).toMatchObject({ status: 'completed' });
});

it('a flow is attached by members of its organization only, and only when it is published', async () => {
  const draft = await app.http.post<{ flow_id: string }>('/api/v1/flows', {
    ...{ name: 'draft', definition: { timeout_seconds: 60, steps: [{ id: 'a', transform: '1' }] } },
  });
  const foreign = await publishedFlow(app.http.as('flows-elsewhere'), {
    ...{ timeout_seconds: 60, steps: [{ id: 'a', transform: '1' }] },
  });
  const answers = [
    await attach('unpublished', { flow_id: draft.data.flow_id }),
    await attach('foreign', { flow_id: foreign }),
  ];
  expect(answers.map(({ status, error }) => [status, error.code])).toEqual([
    [400, 'INVALID_STATE'],
    [404, 'RESOURCE_NOT_FOUND'],
  ]);
});

it('a flow and an agent that call each other end at the fifth flow', async () => {
  const flow_id = await publishedFlow(app.http, {
    timeout_seconds: 60,
    steps: [{ id: 'ask', agent: { agent_id: agent.agent_id, input: 'Call round with {"a": 1}' } }],
  });
  await attach('round', { flow_id });
  const { run_id } = await startRun(app.http, flow_id, {});
  await runWhen(app.http, run_id);
  const runs = await eventually(
    () => runsOf(flow_id),
    (all) => all.every(({ status }) => status === 'completed'),
  );
  expect(runs).toHaveLength(5);
});
