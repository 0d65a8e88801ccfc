import type { AgentEvent, AgentRun } from '../../src/runtimes/agent-runtime.js';
import { startApp, type TestApp } from '../support/app.js';
import { ObedientRuntime } from '../support/obedient-runtime.js';
import { registeredAgent } from '../support/registered-agent.js';
import { eventually } from '../support/http.js';

/** Answers with the prompt and the model that it was given. */
class TellingRuntime extends ObedientRuntime {
  override async *run({ definition: { system_prompt, model_id } }: AgentRun): AsyncGenerator<AgentEvent> {
    const output = `${system_prompt} ${model_id ?? 'default'}`;
    const usage = { input_tokens: 1, output_tokens: 1 };
    yield { type: 'done', result: { output, model: model_id ?? 'default', usage, cost_usd: 0, steps: [] } };
  }
}

interface Invoked extends Record<string, unknown> {
  invocation_id: string;
  session_id: string;
  output: string;
}

let app: TestApp;
let path: string;
const invoke = (body: Record<string, unknown>) =>
  app.http.post<Invoked>(`${path}/invoke`, { input_text: 'Hello', ...body });
const record = async (id: string) => (await app.http.get(`/api/v1/invocations/${id}`)).data;

beforeAll(async () => {
  app = await startApp({}, new TellingRuntime());
  ({ path } = await registeredAgent(app));
  await app.http.put(`${path}/definition`, { revision: 1, system_prompt: 'Second.' });
  await app.http.put(path, { version: 'stable' });
  await app.http.put(`${path}/definition`, { revision: 3, system_prompt: 'Third.' });
});
afterAll(() => app.close());

describe('a run with a chosen version or model', () => {
  it('runs the version, whatever its label, and records it; the agent stays as it is', async () => {
    for (const [version, output] of [
      ['v1.0.0', 'Obey. default'],
      ['stable', 'Second. default'],
      ['v1.0.3', 'Third. default'],
    ] as const) {
      const { data } = await invoke({ version });
      expect(data.output).toBe(output);
      expect(await record(data.invocation_id)).toMatchObject({ agent_version: version, chosen: { version } });
    }
    const { data } = await invoke({});
    expect(data.output).toBe('Third. default');
    expect(await record(data.invocation_id)).not.toHaveProperty('chosen');
    expect((await app.http.get(path)).data).toMatchObject({ version: 'v1.0.3', revision: 4 });
  });

  it('runs on the model, alone and as a turn of a session and in the background', async () => {
    const chosen = { model: 'nexus/offline', version: 'v1.0.0' };
    const first = (await invoke(chosen)).data;
    expect(first.output).toBe('Obey. nexus/offline');
    const turn = (await invoke({ session_id: first.session_id, model: 'nexus/offline' })).data;
    expect(turn.output).toBe('Third. nexus/offline');
    const { status, data } = await invoke({ ...chosen, background: true });
    expect(status).toBe(202);
    const ended = await eventually(
      () => record(data.invocation_id),
      (run) => run['status'] === 'success',
    );
    expect(ended).toMatchObject({ output: 'Obey. nexus/offline', agent_version: 'v1.0.0', chosen });
  });

  it('continues after an earlier message in a copy of the session, and leaves the session as it was', async () => {
    const { session_id } = (await invoke({ input_text: 'one' })).data;
    await invoke({ input_text: 'two', session_id });
    const said = async (id: string) => {
      const { data } = await app.http.get<{ messages: { content: string }[] }>(`/api/v1/sessions/${id}/messages`);
      return data.messages.map(({ content }) => content);
    };
    const edited = (await invoke({ input_text: 'two, edited', session_id, after: 2 })).data;
    expect(edited.session_id).not.toBe(session_id);
    const answer = 'Third. default';
    expect(await said(edited.session_id)).toEqual(['one', answer, 'two, edited', answer]);
    expect(await said(session_id)).toEqual(['one', answer, 'two', answer]);
    const last = (await invoke({ input_text: 'three', session_id, after: 4 })).data;
    expect(last.session_id).toBe(session_id);
    const { status, error } = await invoke({ after: 2 });
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['after']]);
  });

  it('refuses a version that the agent does not have and a model that no provider serves, and records nothing', async () => {
    const runs = async () => (await app.http.get<{ total: number }>(`${path}/invocations?limit=100`)).data.total;
    const before = await runs();
    const version = await invoke({ version: 'v9.9.9' });
    expect([version.status, version.error.code, version.error.suggestion]).toEqual([
      404,
      'RESOURCE_NOT_FOUND',
      'GET /api/v1/agents/{agent_id}/versions lists the versions of the agent.',
    ]);
    for (const model of ['nowhere:gpt', 'gpt-unknown']) {
      const refused = await invoke({ model });
      expect([refused.status, Object.keys(refused.error.details.fields ?? {})]).toEqual([400, ['model']]);
    }
    expect((await invoke({ version: 'v9.9.9', background: true })).status).toBe(404);
    expect(await runs()).toBe(before);
  });
});
