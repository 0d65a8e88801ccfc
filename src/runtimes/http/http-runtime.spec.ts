import { definition, eventsOf, resultOfRun } from '../../../test/support/local-runtime.fixture.js';
import { ScriptedContainer } from '../../../test/support/scripted-container.js';
import { parseSettings } from '../../platform/config/load-settings.js';
import { OutgoingHttp } from '../../platform/outgoing/outgoing-http.js';
import { Clock } from '../../shared/clock.js';
import type { AgentRun, AgentRunError } from '../agent-runtime.js';
import { HttpRuntime } from './http-runtime.js';

let container: ScriptedContainer;
let outgoing: OutgoingHttp;
let runtime: HttpRuntime;

beforeAll(() => {
  outgoing = new OutgoingHttp(parseSettings({ ENVIRONMENT: 'test', NEXUS_ALLOW_PRIVATE_ADDRESSES: 'true' }));
  runtime = new HttpRuntime(outgoing, new Clock());
});

beforeEach(async () => {
  container = await ScriptedContainer.start();
});

afterEach(() => container.close());
afterAll(() => outgoing.onApplicationShutdown());

const run = (changes: Partial<AgentRun> = {}): Partial<AgentRun> => ({
  input: 'go',
  deployment: { region: null, agentcore_config: null, endpoint_url: container.url },
  ...changes,
});

const failureOf = (changes: Partial<AgentRun> = {}): Promise<AgentRunError> =>
  eventsOf(runtime, run(changes)).then(
    (events) => Promise.reject(new Error(`no failure: ${JSON.stringify(events)}`)),
    (error: AgentRunError) => error,
  );

const deltas = async (): Promise<string[]> =>
  (await eventsOf(runtime, run())).flatMap((event) => (event.type === 'delta' ? [event.text] : []));

describe('HttpRuntime', () => {
  it('sends the message, what was said before it, and a session id as long as AgentCore wants it', async () => {
    container.json(200, { output: 'ok' });
    const history = [{ role: 'user' as const, content: 'hello' }];
    await resultOfRun(runtime, run({ history, session_state: { plan: 1 } }));
    expect(container.calls[0]).toMatchObject({
      headers: {
        'x-amzn-bedrock-agentcore-runtime-session-id': 'nexus-session-sess_10000000000000',
        accept: 'text/event-stream, application/json;q=0.9',
      },
      body: { prompt: 'go', history, session_state: { plan: 1 } },
    });
    expect(container.calls[0]?.body).not.toHaveProperty('definition');
  });

  it.each([
    [{ output: 'Hi', model: 'm', usage: { input_tokens: 1, output_tokens: 2 } }, 'Hi', 'm', 2],
    [{ response: "Your agent's response", status: 'success' }, "Your agent's response", 'container', 0],
    [{ result: { role: 'assistant', content: [{ text: 'a' }, { text: 'b' }] } }, 'ab', 'container', 0],
    ['just text', 'just text', 'container', 0],
  ])('reads the JSON answer %j', async (answer, output, model, output_tokens) => {
    container.json(200, answer);
    expect(await resultOfRun(runtime, run())).toMatchObject({ output, model, usage: { output_tokens }, steps: [] });
  });

  it.each([
    [
      ['one', ' two'],
      ['one', ' two'],
    ],
    [
      [{ event: 'partial response 1' }, { event: ' and 2' }],
      ['partial response 1', ' and 2'],
    ],
    [
      [
        { event: { contentBlockDelta: { index: 0 } } },
        { data: 'a' },
        { data: 'b' },
        { message: { content: [{ text: 'ab' }] } },
      ],
      ['a', 'b'],
    ],
    [
      [
        { type: 'delta', text: 'a' },
        { type: 'done', output: 'abc' },
      ],
      ['a', 'bc'],
    ],
  ])('reads the events %j', async (events, expected) => {
    container.events(events);
    expect(await deltas()).toEqual(expected);
  });

  it('reads events that are named outside of their data, as the platform itself sends them', async () => {
    container.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        'event: start\ndata: {"session_id":"sess_1","model":"m"}\n\nevent: delta\ndata: {"text":"Hi"}\n\n',
      );
      response.end('event: error\ndata: {"code":"AGENT_INVOCATION_FAILED","message":"The model failed."}\n\n');
    };
    expect(await failureOf()).toMatchObject({ reason: 'runtime', message: 'The model failed.' });
  });

  it('stops reading at the end of the answer, whatever the container does then', async () => {
    container.events([{ type: 'done', output: 'ready' }], true);
    expect(await resultOfRun(runtime, run())).toMatchObject({ output: 'ready' });
  });

  it.each([
    [
      'runtime',
      "The agent's container returned 503.",
      (c: ScriptedContainer) => (c.answer = (r) => r.writeHead(503).end('<html>')),
    ],
    [
      'model',
      'The model failed: busy',
      (c: ScriptedContainer) => c.json(500, { error: { reason: 'model', message: 'The model failed: busy' } }),
    ],
    ['runtime', "The agent's container failed: boom", (c: ScriptedContainer) => c.json(500, { error: 'boom' })],
    [
      'runtime',
      "The agent's container failed: boom",
      (c: ScriptedContainer) => c.events(['a', { error: 'boom', error_type: 'ValueError' }]),
    ],
    [
      'malformed',
      'its response has the content type "text/html"',
      (c: ScriptedContainer) => (c.answer = (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<p>')),
    ],
    [
      'malformed',
      'its response is not JSON',
      (c: ScriptedContainer) => (c.answer = (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{')),
    ],
    ['malformed', 'its response contains no text', (c: ScriptedContainer) => c.json(200, { ok: true })],
    [
      'malformed',
      'longer than 100000 characters',
      (c: ScriptedContainer) => c.json(200, { output: 'x'.repeat(100_001) }),
    ],
    [
      'malformed',
      'do not match the complete output',
      (c: ScriptedContainer) =>
        c.events([
          { type: 'delta', text: 'a' },
          { type: 'done', output: 'b' },
        ]),
    ],
    ['malformed', 'text: Invalid input', (c: ScriptedContainer) => c.events([{ type: 'delta', text: 7 }])],
    ['unreachable', 'without any content', (c: ScriptedContainer) => c.events([])],
    [
      'unreachable',
      'closed the connection before it responded',
      (c: ScriptedContainer) =>
        (c.answer = (r) => {
          r.writeHead(200, { 'content-type': 'text/event-stream' });
          r.write('data: "a"\n\n', () => r.destroy());
        }),
    ],
    ['unreachable', 'could not be reached', (c: ScriptedContainer) => (c.answer = (r) => r.destroy())],
  ])('fails with reason %s: %s', async (reason, message, misbehave) => {
    misbehave(container);
    const error = await failureOf();
    expect(error).toMatchObject({ code: 'AGENT_INVOCATION_FAILED', reason });
    expect(error.message).toContain(message);
  });

  it('ends at its deadline with what the tools had done, and closes the call', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    container.answer = (response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ type: 'tool_call', call_id: 'c', tool: 'search', input: {} })}\n\n`);
    };
    const error = await failureOf({ definition: definition({ limits: { timeout_seconds: 0.3 } }) });
    expect(error).toMatchObject({
      reason: 'timeout',
      message: 'The agent did not finish in time.',
      steps: [{ type: 'tool', name: 'search', error: 'The agent did not finish in time.' }],
    });
    await closed;
  });

  it('closes the call when the caller gives up', async () => {
    const caller = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    container.answer = (response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      caller.abort();
    };
    expect(await failureOf({ signal: caller.signal })).toMatchObject({ reason: 'cancelled' });
    await closed;
  });

  it('says so when there is no address, or one that may not be called', async () => {
    expect(await failureOf({ deployment: { region: null, agentcore_config: null } })).toMatchObject({
      reason: 'runtime',
    });
    const endpoint_url = 'http://169.254.169.254';
    expect(await failureOf({ deployment: { region: null, agentcore_config: null, endpoint_url } })).toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('metadata') as string,
    });
  });

  it('takes a container that answers its ping, also a busy one, and stores the base address', async () => {
    container.ping.body = '{"status":"HealthyBusy"}';
    expect(await runtime.deploy('a', definition(), { endpoint_url: `${container.url}/invocations` })).toEqual({
      region: null,
      agentcore_config: null,
      endpoint_url: container.url,
    });
  });

  it.each([
    [500, '{}', 'returned 500'],
    [200, '{"status":"ok"}', 'did not return {"status":"Healthy"}'],
    [200, 'pong', 'did not return JSON'],
  ])('does not take one that answers %s %s', async (status, body, reason) => {
    container.ping = { status, body };
    await expect(runtime.deploy('a', definition(), { endpoint_url: container.url })).rejects.toThrow(reason);
    expect(
      await runtime.health('a', { region: null, agentcore_config: null, endpoint_url: container.url }),
    ).toMatchObject({
      ready: false,
    });
  });

  it.each([
    [undefined, 'is required'],
    ['nonsense', 'is not a valid address'],
    ['http://127.0.0.1/?a=1', 'must not carry a query'],
    ['file:///etc/passwd', 'must be http or https'],
  ])('refuses the address %s', async (endpoint_url, reason) => {
    await expect(runtime.deploy('a', definition(), endpoint_url === undefined ? {} : { endpoint_url })).rejects.toThrow(
      reason,
    );
  });
});
