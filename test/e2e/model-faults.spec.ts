import { startApp, type TestApp } from '../support/app.js';
import type { BuiltAgent } from '../support/built-agent.js';
import type { Answer } from '../support/http.js';
import { eventually } from '../support/http.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { registeredAgent } from '../support/registered-agent.js';
import { type ReceivedEvent, readEvents } from '../support/sse.js';
import { answersBySum } from '../support/tool-user.js';

interface Recorded {
  status: string;
  error: { code: string; reason: string; message: string };
  usage: { input_tokens: number; output_tokens: number };
  cost_usd: number | null;
}

let server: ModelServer;
let app: TestApp;
let agent: BuiltAgent;

async function start(settings: Record<string, string> = {}): Promise<void> {
  app = await startApp({ ...server.openai, ...settings });
  agent = await registeredAgent(app, { tools: ['calculator'] });
}

const invoke = (input_text: string): Promise<Answer> => app.http.post(`${agent.path}/invoke`, { input_text });

const stream = (input_text: string): Promise<ReceivedEvent[]> =>
  readEvents(`${app.url}${agent.path}/invoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ input_text }),
  });

/** The failed invocation that the error names. */
async function recordOf(details: Record<string, unknown>): Promise<Recorded> {
  return (await app.http.get<Recorded>(`/api/v1/invocations/${String(details['invocation_id'])}`)).data;
}

beforeAll(async () => {
  server = await startModelServer({ auth: { apiKeys: ['k'] } });
});

beforeEach(() => {
  server.mock.clearFixtures();
  server.mock.clearRequests();
});

afterEach(() => app.close());
afterAll(() => server.stop());

describe('a fault of the model ends in a clear error and a failed invocation', () => {
  it.each([
    ['a wrong key', { OPENAI_API_KEY: 'wrong' }, undefined, 500, 'authentication', 'refused the key'],
    [
      'an unknown model',
      {},
      { error: { message: 'no such model', code: 'model_not_found', type: 'invalid_request_error' }, status: 404 },
      500,
      'unknown_model',
      'has no model gpt-4o',
    ],
    [
      'a request that the provider refuses',
      {},
      { error: { message: 'context too long', type: 'invalid_request_error' }, status: 400 },
      500,
      'invalid_request',
      'refused the request to gpt-4o: context too long',
    ],
    ['an outage', {}, { error: { message: 'oops' }, status: 503 }, 502, 'outage', 'openai is not available'],
    ['a refusal', {}, { content: 'I cannot.', finishReason: 'content_filter' }, 502, 'refusal', 'declined to answer'],
    ['a truncated answer', {}, { content: 'Once upon', finishReason: 'length' }, 500, 'truncated', 'was cut off'],
    ['an answer without a word', {}, { content: '' }, 502, 'malformed', 'it is empty, even after a retry'],
  ] as const)('%s', async (_, settings, answer, status, fault, message) => {
    await start(settings);
    server.mock.on({}, answer ?? { content: 'never said' });
    const { status: got, error } = await invoke('hello');
    expect(error.message).toContain(message);
    expect([got, error.code, error.details['fault']]).toEqual([status, 'AGENT_INVOCATION_FAILED', fault]);
    expect(error.message).not.toContain('wrong');
    const record = await recordOf(error.details);
    expect(record).toMatchObject({
      status: 'failed',
      error: { code: 'AGENT_INVOCATION_FAILED', message: error.message },
    });
    const events = await stream('hello');
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { details: { fault }, message: error.message } });
  });

  it('a model that does not answer in time, 504', async () => {
    await start({ MODEL_TIMEOUT_SECONDS: '1' });
    server.mock.on({}, server.silence);
    const started = performance.now();
    const { status, error } = await invoke('hello');
    expect([status, error.details['fault']]).toEqual([504, 'timeout']);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await recordOf(error.details)).toMatchObject({ status: 'failed', error: { reason: 'timeout' } });
  });

  it('a stream that breaks off in the middle', async () => {
    await start();
    const inPieces = { chunkSize: 5, latency: 20, truncateAfterChunks: 5 };
    server.mock.on({}, { content: 'A long answer that will never be heard to its end.' }, inPieces);
    const events = await stream('hello');
    expect(events.filter(({ event }) => event === 'delta').length).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { details: { fault: 'outage' } } });
    const record = await recordOf(events.at(-1)?.data['details'] as Record<string, unknown>);
    expect(record).toMatchObject({ status: 'failed', error: { reason: 'model' } });
  });

  it('a storm of 429: tried again as the provider says, then reported with the rest that it asks for', async () => {
    await start({ MODEL_MAX_RETRIES: '2' });
    server.mock.on({}, { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 1 });
    const started = performance.now();
    const { status, error, headers } = await invoke('hello');
    expect([status, error.details['fault'], headers.get('retry-after')]).toEqual([502, 'rate_limit', '1']);
    expect(server.mock.getRequests()).toHaveLength(3);
    expect(performance.now() - started).toBeGreaterThan(1_900);
  });

  it('a storm of 429 that passes is not even noticed', async () => {
    await start({ MODEL_MAX_RETRIES: '2' });
    answersBySum(server);
    server.mock.nextRequestError(503, { message: 'starting' });
    const { status, data } = await invoke('hello');
    expect([status, data['output']]).toEqual([200, 'Good day to you.']);
    expect(server.mock.getRequests()).toHaveLength(2);
  });

  it('an answer without a word is asked for again, and the tokens of both count', async () => {
    await start();
    let asked = 0;
    const usage = { prompt_tokens: 10, completion_tokens: 2 };
    server.mock.on({}, () => ({ content: asked++ === 0 ? '' : 'Here I am.', usage }));
    const { status, data } = await invoke('hello');
    expect([status, data]).toMatchObject([
      200,
      { output: 'Here I am.', usage: { input_tokens: 20, output_tokens: 4 } },
    ]);
  });

  it('arguments that a tool cannot take go back to the model', async () => {
    await start();
    server.mock.on({ hasToolResult: false }, { toolCalls: [{ name: 'calculator', arguments: '{"sum": tru' }] });
    server.mock.on({ hasToolResult: true }, { content: 'I used the tool wrongly.' });
    const { status, data } = await invoke('hello');
    expect([status, data['output']]).toEqual([200, 'I used the tool wrongly.']);
  });
});

describe('the circuit breaker', () => {
  const health = async (): Promise<{ status: string; message: string }> => {
    const { data } = await app.http.get<{ checks: { model_provider: { status: string; message: string } } }>(
      '/health/detailed',
    );
    return data.checks.model_provider;
  };

  it('opens after several failures, refuses at once, and closes when the provider is back', async () => {
    await start({ MODEL_BREAKER_FAILURES: '3', MODEL_BREAKER_SECONDS: '1' });
    server.mock.on({}, { error: { message: 'down' }, status: 500 });
    for (let call = 0; call < 3; call++) expect((await invoke('hello')).error.details['fault']).toBe('outage');
    expect(await health()).toEqual({
      status: 'unhealthy',
      message: 'openai: gpt-4o; its circuit breaker is open: most recent calls to it failed',
    });
    server.mock.clearRequests();
    const { status, error, headers } = await invoke('hello');
    expect([status, error.details['breaker'], headers.get('retry-after')]).toEqual([502, 'open', '1']);
    expect(server.mock.getRequests()).toHaveLength(0);
    expect(await recordOf(error.details)).toMatchObject({ status: 'failed', error: { reason: 'model' } });
    server.mock.clearFixtures();
    answersBySum(server);
    await eventually(
      () => invoke('hello'),
      (answer) => answer.status === 200,
    );
    expect((await health()).status).toBe('healthy');
  });
});

describe('a caller that goes away', () => {
  it('ends the call of the model', async () => {
    await start({ MODEL_TIMEOUT_SECONDS: '60' });
    server.mock.on({}, server.silence);
    const gone = new AbortController();
    const call = fetch(`${app.url}${agent.path}/invoke`, {
      method: 'POST',
      headers: { ...app.http.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ input_text: 'hello' }),
      signal: gone.signal,
    });
    const runs = async () =>
      (await app.http.get<{ invocations: Recorded[] }>(`${agent.path}/invocations`)).data.invocations;
    await eventually(runs, ([run]) => run?.status === 'running');
    gone.abort();
    await expect(call).rejects.toThrow();
    const [run] = await eventually(runs, ([first]) => first?.status === 'failed');
    expect(run?.error.reason).toBe('cancelled');
  });
});

describe('the bounds of a run', () => {
  const looping = (limits: Record<string, number>) => {
    server.mock.on(
      {},
      {
        toolCalls: [{ name: 'calculator', arguments: '{"expression":"1+1"}' }],
        usage: { prompt_tokens: 400, completion_tokens: 100 },
      },
    );
    return registeredAgent(app, { agent_name: 'looping', tools: ['calculator'], limits });
  };

  it.each([
    [{ max_steps: 3 }, 3, '3 steps'],
    [{ max_steps: 20, max_total_tokens: 900 }, 2, '900 tokens'],
    [{ max_steps: 20, max_cost_usd: 0.005 }, 3, '0.005 US dollars'],
  ])('%j end it after %i calls', async (limits, calls, bound) => {
    await start();
    const { path } = await looping(limits);
    const { status, error } = await app.http.post(`${path}/invoke`, { input_text: 'loop' });
    expect([status, error.details['reason']]).toEqual([500, 'limit']);
    expect(error.message).toBe(`The agent did not finish within ${bound}.`);
    expect(server.mock.getRequests()).toHaveLength(calls);
    expect(await recordOf(error.details)).toMatchObject({
      usage: { input_tokens: calls * 400, output_tokens: calls * 100 },
      cost_usd: expect.closeTo((calls * (400 * 2.5 + 100 * 10)) / 1e6, 12) as number,
    });
  });

  it('a bound on money is not forgotten when nobody knows the price', async () => {
    await start({ MODEL_ID: 'llama3.2' });
    const { path } = await looping({ max_cost_usd: 1 });
    const { error } = await app.http.post(`${path}/invoke`, { input_text: 'loop' });
    expect(error.message).toContain('the price of llama3.2 is not known');
    expect(server.mock.getRequests()).toHaveLength(0);
  });
});
