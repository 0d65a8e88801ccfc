import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError } from '../../src/runtimes/agent-run-error.js';
import { type AgentEvent, type AgentRun, AgentRuntime } from '../../src/runtimes/agent-runtime.js';
import { startApp, type TestApp } from '../support/app.js';
import { type BuiltAgent, builtAgent } from '../support/built-agent.js';
import { eventually } from '../support/http.js';
import { readEvents } from '../support/sse.js';

/** Does what its input says: fails for a reason, takes its time, or answers what acceptance examples want to hear. */
class ObedientRuntime extends AgentRuntime {
  override readonly kind = 'local';

  override async *run({ input, signal, history }: AgentRun): AsyncGenerator<AgentEvent> {
    yield { type: 'start', model: 'test/obedient' };
    const reason = /^fail (model|timeout|runtime|limit)$/.exec(input)?.[1];
    if (reason) throw new AgentRunError(reason as 'model', `failed as told: ${reason}`);
    const wait = Number(/^wait (\d+)$/.exec(input)?.[1] ?? 0);
    await delay(wait, undefined, signal ? { signal } : {}).catch(() => {
      throw new AgentRunError('cancelled', 'The caller went away');
    });
    const output = `${history.length}: ${input}`;
    yield { type: 'delta', text: output };
    yield {
      type: 'done',
      result: { output, model: 'test/obedient', usage: { input_tokens: 1, output_tokens: 2 }, steps: [] },
    };
  }

  override deploy(): Promise<{ region: null; agentcore_config: null }> {
    return Promise.resolve({ region: null, agentcore_config: null });
  }

  override undeploy(): Promise<void> {
    return Promise.resolve();
  }

  override health(): Promise<{ ready: boolean; message: string }> {
    return Promise.resolve({ ready: true, message: 'obeys' });
  }
}

let app: TestApp;
let agent: BuiltAgent;

beforeAll(async () => {
  app = await startApp({}, new ObedientRuntime());
  agent = await builtAgent(app.http, 'Hello there, please be an assistant.').catch(() => registeredAgent());
});
afterAll(() => app.close());

/** The acceptance examples rightly refuse this runtime, so the agent is registered by hand. */
async function registeredAgent(): Promise<BuiltAgent> {
  const { AgentsService } = await import('../../src/agents/agents.service.js');
  const { agentDefinitionSchema } = await import('../../src/runtimes/agent-definition.js');
  const about = {
    agent_name: 'obedient',
    display_name: 'Obedient',
    description: 'Obeys',
    role: 'a tester',
    system_prompt: 'Obey.',
  };
  const definition = agentDefinitionSchema.parse({ schema_version: '1', ...about });
  const { agent_id, project_id } = await app.app.get(AgentsService, { strict: false }).register({
    ...{
      org_id: 'default',
      user_id: 'tester',
      project_id: 'proj_test',
      agent_name: 'obedient',
      description: 'Obeys',
      category: 'test',
    },
    ...{ definition, runtime: 'local', tags: [], build_id: 'bld_test' },
  });
  return { project_id, agent_id, path: `/api/v1/agents/${encodeURIComponent(agent_id)}` };
}

const invocations = async () =>
  (
    await app.http.get<{ invocations: { input_text: string; status: string; error: { reason: string } | null }[] }>(
      `${agent.path}/invocations?limit=100`,
    )
  ).data.invocations;
const invoke = (input_text: string) => app.http.post(`${agent.path}/invoke`, { input_text });
const session = async (): Promise<string> =>
  `/api/v1/sessions/${(await app.http.post<{ session_id: string }>(`${agent.path}/sessions`, {})).data.session_id}`;

describe('a run that fails', () => {
  it.each([
    ['model', 500],
    ['limit', 500],
    ['runtime', 502],
    ['timeout', 504],
  ])('for the reason %s is answered with %i and recorded', async (reason, status) => {
    const answer = await invoke(`fail ${reason}`);
    expect(answer).toMatchObject({ status, error: { code: 'AGENT_INVOCATION_FAILED', details: { reason } } });
    const { data } = await app.http.get(`/api/v1/invocations/${String(answer.error.details['invocation_id'])}`);
    expect(data).toMatchObject({ status: 'failed', error: { reason }, output: null });
  });

  it('ends a stream with an error event that says the same', async () => {
    const init = {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"input_text":"fail model"}',
    };
    const events = await readEvents(`${app.url}${agent.path}/invoke`, init);
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { code: 'AGENT_INVOCATION_FAILED', details: { reason: 'model' } },
    });
  });

  it.each(['application/json', 'text/event-stream'])(
    'because the caller went away (%s) stops the agent and is recorded',
    async (accept) => {
      const input_text = accept === 'application/json' ? 'wait 20001' : 'wait 20002';
      const stop = new AbortController();
      const headers = { accept, 'content-type': 'application/json' };
      const request = fetch(`${app.url}${agent.path}/invoke`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ input_text }),
        signal: stop.signal,
      });
      const aborted = request.then((response) => response.text()).catch(() => 'aborted');
      await eventually(invocations, (all) =>
        all.some((one) => one.input_text === input_text && one.status === 'running'),
      );
      stop.abort();
      expect(await aborted).toBe('aborted');
      const ended = await eventually(invocations, (all) =>
        all.some((one) => one.input_text === input_text && one.status === 'failed'),
      );
      expect(ended.find((one) => one.input_text === input_text)?.error?.reason).toBe('cancelled');
    },
  );
});

describe('a session whose agent fails', () => {
  it('keeps the message of the user and has no answer', async () => {
    const path = await session();
    expect((await app.http.post(`${path}/messages`, { content: 'fail model' })).status).toBe(500);
    const { data } = await app.http.get<{ messages: { role: string; content: string }[] }>(`${path}/messages`);
    expect(data.messages.map(({ role, content }) => [role, content])).toEqual([['user', 'fail model']]);
    const next = await app.http.post(`${path}/messages`, { content: 'again' });
    expect(next.data['content']).toBe('1: again');
  });

  it('lets a second message wait its turn, or refuses it when asked to', async () => {
    const path = await session();
    const slow = app.http.post(`${path}/messages`, { content: 'wait 600' });
    await eventually(
      async () => (await app.http.get<{ message_count: number }>(path)).data,
      ({ message_count }) => message_count === 1,
    );
    const refused = await app.http.post(`${path}/messages?on_busy=reject`, { content: 'impatient' });
    expect({ status: refused.status, code: refused.error.code }).toEqual({ status: 409, code: 'RESOURCE_CONFLICT' });
    const waited = await app.http.post(`${path}/messages`, { content: 'patient' });
    expect(waited.data['content']).toBe('2: patient');
    expect((await slow).status).toBe(200);
  });
});
