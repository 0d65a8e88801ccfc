import { AgentProcess } from '../support/agent-process.js';
import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { registeredAgent } from '../support/registered-agent.js';
import { ScriptedContainer } from '../support/scripted-container.js';

type Definition = Parameters<typeof AgentProcess.start>[0];
const QUESTION = { input_text: 'What is 1234 * 56?' };

interface InvocationView {
  invocation_id: string;
  status: string;
  model: string | null;
  error: { reason: string } | null;
  trace: { steps: { name: string }[] };
}

let platform: TestApp;

beforeAll(async () => {
  platform = await startApp();
});

afterAll(() => platform.close());

async function definitionOf({ path }: BuiltAgent): Promise<Definition> {
  const { data } = await platform.http.get<{ versions: { definition: Definition }[] }>(`${path}/versions`);
  return data.versions[0]?.definition;
}

const stats = async ({ path }: BuiltAgent) =>
  (await platform.http.get<{ runtime_stats: Record<string, number> }>(path)).data.runtime_stats;

describe('an agent that was built here and runs in a container', () => {
  let agent: BuiltAgent;
  let container: AgentProcess;

  beforeAll(async () => {
    agent = await builtAgent(platform.http);
    container = await AgentProcess.start(await definitionOf(agent));
  });

  afterAll(() => container.end());

  it('is moved, answers, streams, remembers its session and is counted', async () => {
    const { http } = platform;
    const moved = await http.put(`${agent.path}/runtime`, { runtime: 'http', endpoint_url: `${container.url}/` });
    expect(moved).toMatchObject({ status: 200, data: { runtime: 'http', endpoint_url: container.url } });

    const { status, data } = await http.post<Record<string, unknown>>(`${agent.path}/invoke`, QUESTION);
    expect(status).toBe(200);
    expect(data).toMatchObject({ output: expect.stringContaining('69,104') as string, model: 'nexus/offline' });

    const streamed = await http.raw('POST', `${agent.path}/invoke`, JSON.stringify(QUESTION), {
      'content-type': 'application/json',
      accept: 'text/event-stream',
    });
    const events = await streamed.text();
    expect(events).toContain('event: tool_call');
    expect(events).toMatch(/event: done[\s\S]*69,104/);

    const session = (await http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data.session_id;
    const say = (content: string) => http.post(`/api/v1/sessions/${session}/messages`, { content });
    await say('My name is Ada.');
    expect(JSON.stringify((await say('What is my name?')).data)).toContain('Ada');

    expect(await stats(agent)).toMatchObject({ total_invocations: 4, successful_invocations: 4 });
    expect((await stats(agent))['output_tokens']).toBeGreaterThan(0);
  });

  it('ends a rollout when it moves, and starts none in a container', async () => {
    const { http } = platform;
    const rollout = `${agent.path}/rollout`;
    const share = { version: 'v1.0.1', percent: 10 };
    expect((await http.put(`${agent.path}/runtime`, { runtime: 'local' })).status).toBe(200);
    const { data } = await http.get<{ revision: number }>(agent.path);
    await http.put(`${agent.path}/definition`, { revision: data.revision, activate: false, role: 'a reckoner' });
    expect(await http.put(rollout, share)).toMatchObject({ status: 200, data: { status: 'running' } });
    await http.put(`${agent.path}/runtime`, { runtime: 'http', endpoint_url: container.url });
    expect((await http.get(rollout)).data).toMatchObject({ status: 'stopped' });
    const { status, error } = await http.put(rollout, share);
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['version']]);
  });

  it('is refused with reasons, and stays where it was', async () => {
    const { http } = platform;
    const before = (await http.get(agent.path)).data;
    const put = (body: unknown) => http.put(`${agent.path}/runtime`, body);
    expect(await put({ runtime: 'http' })).toMatchObject({
      status: 400,
      error: { details: { fields: { endpoint_url: ['is required for the "http" runtime'] } } },
    });
    expect(await put({ runtime: 'local', endpoint_url: container.url })).toMatchObject({ status: 400 });
    expect((await put({ runtime: 'lambda' })).status).toBe(400);
    expect(await put({ runtime: 'agentcore' })).toMatchObject({
      status: 400,
      error: { message: expect.stringContaining('AGENTCORE_CONTAINER_URI') as string },
    });
    for (const endpoint_url of ['http://169.254.169.254/latest', 'http://127.0.0.1:1', 'file:///etc'])
      expect(await put({ runtime: 'http', endpoint_url })).toMatchObject({ status: 400 });
    expect((await http.put('/api/v1/agents/none/runtime', { runtime: 'local' })).status).toBe(404);
    expect((await http.as('elsewhere').put(`${agent.path}/runtime`, { runtime: 'local' })).status).toBe(404);
    expect((await http.get(agent.path)).data).toEqual(before);
  });
});

describe('a container that dies in the middle of a call', () => {
  it('ends in a clear error and a failed invocation with what happened until then', async () => {
    const { http } = platform;
    const container = await ScriptedContainer.start();
    const agent = await registeredAgent(platform, { agent_name: 'mortal' });
    await http.put(`${agent.path}/runtime`, { runtime: 'http', endpoint_url: container.url });
    container.events(
      [
        { type: 'start', model: 'm' },
        { type: 'tool_call', call_id: 'c', tool: 'search', input: {} },
      ],
      true,
    );
    const invoked = http.post(`${agent.path}/invoke`, QUESTION);
    await eventually(
      async () => container.calls.length,
      (calls) => calls === 1,
    );
    await container.close();
    const { status, error } = await invoked;
    expect({ status, message: error.message }).toEqual({
      status: 502,
      message: "The agent's container closed the connection before it responded.",
    });
    const id = String(error.details['invocation_id']);
    expect((await http.get<InvocationView>(`/api/v1/invocations/${id}`)).data).toMatchObject({
      status: 'failed',
      error: { reason: 'unreachable' },
      trace: { steps: [{ name: 'search', error: "The agent's container closed the connection before it responded." }] },
    });
    expect(await stats(agent)).toMatchObject({ total_invocations: 1, failed_invocations: 1 });
  });
});

describe('an agent whose container is down', () => {
  it('is not ready and answers with an error, until the agent goes back home', async () => {
    const { http } = platform;
    const agent = await registeredAgent(platform, { agent_name: 'homeless', tools: ['calculator'] });
    const container = await AgentProcess.start(await definitionOf(agent));
    await http.put(`${agent.path}/runtime`, { runtime: 'http', endpoint_url: container.url });
    const health = async () => (await http.get(`${agent.path}/runtime/health`)).data;
    expect(await health()).toMatchObject({ is_ready: true, runtime_type: 'http' });
    await container.end();
    expect(await health()).toMatchObject({ is_ready: false, message: 'The server could not be reached' });
    expect(await http.post(`${agent.path}/invoke`, QUESTION)).toMatchObject({
      status: 502,
      error: { code: 'AGENT_INVOCATION_FAILED', details: { reason: 'unreachable' } },
    });
    expect(await http.put(`${agent.path}/runtime`, { runtime: 'local' })).toMatchObject({
      data: { runtime: 'local', endpoint_url: null },
    });
    expect((await http.post(`${agent.path}/invoke`, QUESTION)).status).toBe(200);
  });
});
