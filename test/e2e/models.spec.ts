import { startApp, type TestApp } from '../support/app.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';

interface Test extends Record<string, unknown> {
  ok: boolean;
  error: { fault: string; message: string; suggestion: string } | null;
}

let app: TestApp;
let server: ModelServer;
const test = (model_id?: string) => app.http.post<Test>('/api/v1/models/test', model_id ? { model_id } : {});

beforeAll(async () => {
  server = await startModelServer();
  app = await startApp({
    OPENAI_BASE_URL: `${server.url}/v1`,
    OPENAI_API_KEY: 'k',
    MODEL_MAX_RETRIES: '0',
    MODEL_PRICES: '{"house/model": {"input": 1, "output": 2}}',
  });
});
afterAll(async () => {
  await app.close();
  await server.stop();
});

describe('the models of the platform', () => {
  it('are shown with their providers and prices', async () => {
    const { data } = await app.http.get<{ prices: { id: string }[] }>('/api/v1/models');
    expect(data).toMatchObject({
      default_model: 'nexus/offline',
      providers: [
        { name: 'offline', is_default: true, default_model: 'nexus/offline', state: 'closed' },
        { name: 'openai', is_default: false, state: 'closed' },
      ],
    });
    expect(data.prices).toContainEqual({ id: 'gpt-4o-mini', input_usd: 0.15, output_usd: 0.6 });
    expect(data.prices).toContainEqual({ id: 'house/model', input_usd: 1, output_usd: 2 });
  });

  it('answer a test with time and cost', async () => {
    const latency_ms = expect.any(Number) as unknown;
    const model = { model: 'nexus/offline', provider: 'offline', ok: true, latency_ms, cost_usd: 0, error: null };
    expect((await test()).data).toEqual(model);
    server.mock.on({ userMessage: 'Reply with the word: ready' }, { content: 'ready' });
    const { data } = await test('openai:gpt-4o-mini');
    expect(data).toMatchObject({ model: 'gpt-4o-mini', provider: 'openai', ok: true, error: null });
    expect(data['cost_usd']).toBeGreaterThan(0);
  });

  it('say what is wrong and what to do when they do not answer', async () => {
    server.mock.nextRequestError(401, { message: 'no such key', type: 'invalid_request_error' });
    expect((await test('openai:gpt-4o')).data).toMatchObject({
      ok: false,
      cost_usd: null,
      error: {
        fault: 'authentication',
        message: 'The model provider openai refused the key or credentials of the platform',
        suggestion: 'Check the key of the model provider in the settings of the platform.',
      },
    });
    const { status, error } = await test('nowhere:gpt');
    expect([status, Object.keys(error.details.fields ?? {})]).toEqual([400, ['model_id']]);
  });

  it('are tested by developers, ten times a minute', async () => {
    const send = async (name: string, roles: ('viewer' | 'developer')[]) =>
      (await app.http.as('default', name, roles).post('/api/v1/models/test', {})).status;
    expect(await send('looker', ['viewer'])).toBe(403);
    const statuses: number[] = [];
    for (let number = 1; number <= 11; number += 1) statuses.push(await send('tester', ['developer']));
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
  });
});
