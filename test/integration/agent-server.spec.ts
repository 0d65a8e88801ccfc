import { AgentProcess, refusedStart } from '../support/agent-process.js';
import { eventually } from '../support/http.js';
import { definition } from '../support/local-runtime.fixture.js';

const SESSION = 'x-amzn-bedrock-agentcore-runtime-session-id';

describe('the agent server', () => {
  let server: AgentProcess;

  beforeAll(async () => {
    server = await AgentProcess.start(definition(), { AGENT_SERVER_MAX_BODY_MB: '1' });
  });

  afterAll(() => server.end());

  const outputOf = async (response: Response): Promise<string> =>
    ((await response.json()) as { output: string }).output;

  it('answers a ping as the contract words it', async () => {
    const { status, time_of_last_update } = await server.ping();
    expect(status).toBe('Healthy');
    expect(Math.abs(time_of_last_update - Date.now() / 1000)).toBeLessThan(60);
  });

  it.each(['prompt', 'input', 'input_text'])('takes the message as "%s" and answers JSON', async (field) => {
    const response = await server.invoke({ [field]: 'What is 17 * 23?' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toMatchObject({ output: '17 * 23 = 391.', model: 'nexus/offline' });
  });

  it('streams when it is asked to', async () => {
    const response = await server.invoke({ prompt: 'What is 17 * 23?' }, { accept: 'text/event-stream' });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = (await response.text())
      .split('\n\n')
      .filter((block) => block.startsWith('data: '))
      .map((block) => JSON.parse(block.slice(6)) as { type: string; text?: string; output?: string });
    expect(events.map(({ type }) => type).filter((type) => type !== 'delta')).toEqual([
      'start',
      'tool_call',
      'tool_result',
      'done',
    ]);
    expect(events.map(({ text }) => text ?? '').join('')).toBe(events.at(-1)?.output);
  });

  it('remembers a session and keeps sessions apart', async () => {
    const ada = { [SESSION]: 'session-of-ada-00000000000000000000' };
    const bob = { [SESSION]: 'session-of-bob-00000000000000000000' };
    const first = await server.invoke({ prompt: 'My name is Ada.' }, ada);
    expect(first.headers.get(SESSION)).toBe(ada[SESSION]);
    await server.invoke({ prompt: 'My name is Bob.' }, bob);
    expect(await outputOf(await server.invoke({ prompt: 'What is my name?' }, ada))).toContain('Ada');
    expect(await outputOf(await server.invoke({ prompt: 'What is my name?' }, bob))).toContain('Bob');
    expect(await outputOf(await server.invoke({ prompt: 'What is my name?', history: [] }, ada))).not.toContain('Ada');
    expect(await outputOf(await server.invoke({ prompt: 'What is my name?' }))).not.toContain('Ada');
  });

  it.each([
    ['{', 400, 'The body is not JSON'],
    ['[]', 400, 'body'],
    ['{}', 400, 'The body needs "prompt"'],
    ['{"prompt":"  "}', 400, 'prompt: must not be empty'],
    ['{"prompt":7}', 400, 'prompt'],
    ['{"prompt":"a","history":[{"role":"wizard","content":"x"}]}', 400, 'history.0.role'],
    [JSON.stringify({ prompt: 'x'.repeat(1_100_000) }), 413, 'larger than 1048576 bytes'],
  ])('refuses the body %#', async (body, status, message) => {
    const response = await server.invoke(body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(message);
  });

  it('refuses other routes, methods and too long session ids', async () => {
    expect((await fetch(`${server.url}/`)).status).toBe(404);
    expect((await fetch(`${server.url}/invocations`)).status).toBe(405);
    expect((await server.invoke({ prompt: 'hi' }, { [SESSION]: 'x'.repeat(257) })).status).toBe(400);
  });

  it('tells why a run failed, by status and as an event', async () => {
    const short = await AgentProcess.start(definition({ limits: { max_steps: 1 } }));
    try {
      const whole = await short.invoke({ prompt: 'What is 17 * 23?' });
      expect([whole.status, await whole.json()]).toMatchObject([500, { error: { reason: 'limit' } }]);
      const streamed = await short.invoke({ prompt: 'What is 17 * 23?' }, { accept: 'text/event-stream' });
      expect([streamed.status, await streamed.text()]).toEqual([
        200,
        expect.stringMatching(/data: \{"type":"error","reason":"limit"/),
      ]);
      expect((await short.ping()).status).toBe('Healthy');
    } finally {
      await short.end();
    }
  });

  it('ends with 0 when it is asked to, and is busy no more', async () => {
    const other = await AgentProcess.start(definition());
    await other.invoke({ prompt: 'hi' });
    await eventually(
      () => other.ping(),
      ({ status }) => status === 'Healthy',
    );
    expect(await other.end('SIGTERM')).toBe(0);
  });

  it.each([
    [
      'a tool it does not have',
      { ...definition(), tools: [{ name: 'abacus', kind: 'builtin' }] },
      'there is no tool "abacus"',
    ],
    ['a missing field', { schema_version: '1', agent_name: 'a' }, 'system_prompt:'],
    ['text that is not JSON', '{', 'is not JSON'],
    ['no file', undefined, 'Name the agent to serve'],
  ])('does not start with %s', async (_, given, message) => {
    const refused = await refusedStart(given);
    expect(refused.code).toBe(1);
    expect(refused.message).toContain(message);
    expect(refused.message).not.toContain('    at ');
  });
});
