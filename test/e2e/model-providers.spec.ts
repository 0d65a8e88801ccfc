import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';
import { readEvents } from '../support/sse.js';
import { answersBySum } from '../support/tool-user.js';

interface Invoked {
  invocation_id: string;
  output: string;
  status: string;
  model: string;
  usage: { input_tokens: number; output_tokens: number };
  cost_usd: number | null;
  trace: { steps: { type: string; name: string }[] };
}

describe.each([
  ['openai', 'gpt-4o', 2.5, 10],
  ['anthropic', 'claude-sonnet-4-5', 3, 15],
  ['bedrock', 'amazon.nova-lite-v1:0', 0.06, 0.24],
] as const)('agents on %s', (provider, model, inputPrice, outputPrice) => {
  let server: ModelServer;
  let app: TestApp;
  let agent: BuiltAgent;

  beforeAll(async () => {
    server = await startModelServer();
    answersBySum(server);
    app = await startApp(server[provider]);
    agent = await registeredAgent(app, { tools: ['calculator'] });
  });

  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  it('answer by a tool, and count tokens and money', async () => {
    const { status, data } = await app.http.post<Invoked>(`${agent.path}/invoke`, {
      input_text: 'What is 17 * 23?',
      enable_trace: true,
    });
    expect(status).toBe(200);
    expect(data).toMatchObject({ output: '17 times 23 is 391.', status: 'success', model });
    expect(data.trace.steps.map(({ type, name }) => `${type} ${name}`)).toEqual([
      `model ${model}`,
      'tool calculator',
      `model ${model}`,
    ]);
    const { input_tokens, output_tokens } = data.usage;
    expect([input_tokens, output_tokens]).toEqual([230, 29]);
    expect(data.cost_usd).toBeCloseTo((input_tokens * inputPrice + output_tokens * outputPrice) / 1e6, 12);
    const { data: record } = await app.http.get<Invoked>(`/api/v1/invocations/${data.invocation_id}`);
    expect(record).toMatchObject({ status: 'success', usage: data.usage, cost_usd: data.cost_usd, model });
  });

  it('stream the same answer', async () => {
    const events = await readEvents(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ input_text: 'What is 17 * 23?' }),
    });
    const text = events.flatMap(({ event, data }) => (event === 'delta' ? [data['text']] : [])).join('');
    expect(text).toBe('17 times 23 is 391.');
    expect(events.map(({ event }) => event).filter((event) => event !== 'delta')).toEqual([
      'start',
      'tool_call',
      'tool_result',
      'done',
    ]);
    expect(events.find(({ event }) => event === 'tool_result')?.data).toMatchObject({ output: { formatted: '391' } });
    expect(events.at(-1)?.data).toMatchObject({ output: text, model, cost_usd: expect.any(Number) as number });
  });

  it('are what an agent speaks through that was built without a model of its own', async () => {
    const { data } = await app.http.get<{ supported_models: string[] }>(agent.path);
    expect(data.supported_models).toEqual([model]);
    const { data: health } = await app.http.get<{ checks: Record<string, unknown> }>('/health/detailed');
    expect(health.checks['model_provider']).toEqual({
      status: 'healthy',
      message: `${provider}: ${model}; its circuit breaker is closed`,
    });
  });

  it('run on the model that is set for one of them, until it is taken back', async () => {
    const modelOf = async (): Promise<string> =>
      (await app.http.post<Invoked>(`${agent.path}/invoke`, { input_text: 'hello' })).data.model;
    const { data } = await app.http.put<{ model_id: string; supported_models: string[] }>(agent.path, {
      model_id: 'another-model',
    });
    expect(data).toMatchObject({ model_id: 'another-model', supported_models: ['another-model'] });
    expect(await modelOf()).toBe('another-model');
    const offline = await app.http.put(agent.path, { model_id: 'nexus/offline' });
    expect([offline.status, await modelOf()]).toEqual([200, 'nexus/offline']);
    expect((await app.http.put(agent.path, { model_id: '' })).data).toMatchObject({ model_id: null });
    expect(await modelOf()).toBe(model);
    const { status, error } = await app.http.put(agent.path, { model_id: 'no such model' });
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['model_id']]);
    const project = { requirement: 'A helper that adds up numbers.', model_id: 'no such model' };
    expect((await app.http.post('/api/v1/projects', project)).error.details.fields).toHaveProperty('model_id');
  });
});
