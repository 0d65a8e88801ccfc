import type { AgentDefinitionInput } from '../../src/runtimes/agent-definition.js';
import type { AgentEvent, AgentResult, AgentRun, AgentRunError } from '../../src/runtimes/agent-runtime.js';
import { definition, eventsOf } from '../support/local-runtime.fixture.js';
import { agentCoreHarness, httpHarness, localHarness, type RuntimeHarness } from '../support/runtime-harness.js';

/** What every runtime must do alike, whether the agent runs in this process or in a container. */
describe.each([
  ['local', localHarness],
  ['http', httpHarness],
  ['agentcore', agentCoreHarness],
])('the runtime %s', (_, start) => {
  let harness: RuntimeHarness;

  beforeAll(async () => {
    harness = await start();
  });

  afterAll(() => harness.close());

  /** An agent, deployed once, to which turns can be given. */
  async function agent(changes: Partial<AgentDefinitionInput> = {}) {
    const wanted = definition(changes);
    const { runtime, deployment } = await harness.deployed(wanted);
    const run = (turn: Partial<AgentRun>): Promise<AgentEvent[]> =>
      eventsOf(runtime, { definition: wanted, deployment, ...turn });
    return { runtime, deployment, definition: wanted, run };
  }

  const resultIn = (events: AgentEvent[]): AgentResult => {
    const last = events.at(-1);
    if (last?.type !== 'done') throw new Error(`ended with ${last?.type ?? 'nothing'}`);
    return last.result;
  };

  it('runs a team: the members answer, and their calls and steps have their names', async () => {
    const { run } = await agent({
      tools: [],
      team: [
        {
          name: 'sums',
          description: 'Calculates totals',
          role: 'the clerk for sums',
          system_prompt: 'You calculate.',
          tools: [{ kind: 'builtin', name: 'calculator' }],
        },
      ],
    });
    const events = await run({ input: 'What is 1234 * 56?' });
    const { output, steps } = resultIn(events);
    expect(output).toBe('1234 * 56 = 69,104.');
    expect(steps.map((step) => `${step.agent ?? 'itself'} ${step.name}`)).toEqual([
      'itself nexus/offline',
      'itself ask_sums',
      'sums nexus/offline',
      'sums calculator',
      'sums nexus/offline',
      'itself nexus/offline',
    ]);
    const calls = events.flatMap((event) => (event.type === 'tool_call' ? [[event.agent, event.tool]] : []));
    expect(calls).toEqual([
      [undefined, 'ask_sums'],
      ['sums', 'calculator'],
    ]);
  });

  const failing = (run: Promise<unknown>): Promise<AgentRunError> =>
    run.then(
      () => Promise.reject(new Error('it did not fail')),
      (error: AgentRunError) => error,
    );

  it('answers a calculation with the calculator in the trace, streams it, and counts tokens', async () => {
    const events = await (await agent()).run({ input: 'What is 1234 * 56?' });
    const { output, model, steps, usage } = resultIn(events);
    expect(output).toBe('1234 * 56 = 69,104.');
    expect(model).toBe('nexus/offline');
    expect(steps.map(({ step, type, name }) => [step, type, name])).toEqual([
      [1, 'model', 'nexus/offline'],
      [2, 'tool', 'calculator'],
      [3, 'model', 'nexus/offline'],
    ]);
    expect(steps[1]).toMatchObject({ input: { expression: '1234 * 56' }, output: { result: '69104' } });
    expect(usage.input_tokens).toBeGreaterThan(0);
    expect(usage.output_tokens).toBe(14);
    const deltas = events.flatMap((event) => (event.type === 'delta' ? [event.text] : []));
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join('')).toBe(output);
    expect([...new Set(events.map(({ type }) => type))]).toEqual([
      'start',
      'tool_call',
      'tool_result',
      'delta',
      'done',
    ]);
  });

  it('knows what was said before, and the documents of the session', async () => {
    const { run } = await agent();
    const history: AgentRun['history'] = [];
    for (const input of ['My name is Ada.', 'What is my name?']) {
      const { output } = resultIn(await run({ input, history: [...history] }));
      history.push({ role: 'user', content: input }, { role: 'assistant', content: output });
    }
    expect(history.at(-1)?.content).toContain('Ada');
    const knowledge = [{ name: 'delivery.md', content: 'Our delivery takes 3 working days.' }];
    const { steps } = resultIn(await run({ input: 'How long does delivery take?', knowledge }));
    expect(steps.map(({ name }) => name)).toContain('knowledge_lookup');
  });

  it('stops when the caller gives up, before and during the turn', async () => {
    const { run, runtime, deployment, definition: wanted } = await agent();
    expect(await failing(run({ input: 'hello', signal: AbortSignal.abort() }))).toMatchObject({ reason: 'cancelled' });
    const caller = new AbortController();
    const events = runtime.run({
      org_id: 'acme',
      agent_id: 'a',
      session_id: 'sess_2',
      definition: wanted,
      deployment,
      input: 'What is 1234 * 56?',
      history: [],
      signal: caller.signal,
    });
    const during = (async () => {
      for await (const event of events) if (event.type === 'tool_call') caller.abort();
    })();
    expect(await failing(during)).toMatchObject({ reason: 'cancelled', steps: expect.any(Array) as unknown });
  });

  it('ends a turn that takes too long', async () => {
    const { runtime, deployment, definition: wanted } = await agent({ limits: { timeout_seconds: 0.01 } });
    const turn = { org_id: 'acme', agent_id: 'a', session_id: 'sess_3', input: 'What is 1234 * 56?', history: [] };
    const slowly = (async () => {
      // A reader slower than the deadline: the rule-based model answers within one turn of the event loop.
      for await (const event of runtime.run({ ...turn, definition: wanted, deployment }))
        if (event.type === 'start') await new Promise((resolve) => setTimeout(resolve, 30));
    })();
    expect(await failing(slowly)).toMatchObject({
      code: 'AGENT_INVOCATION_FAILED',
      reason: 'timeout',
      message: 'The agent did not finish in time.',
    });
  });

  it('ends a turn that uses up its steps, with the trace and the tokens so far', async () => {
    const { run } = await agent({ limits: { max_steps: 1 } });
    const error = await failing(run({ input: 'What is 1234 * 56?' }));
    expect(error).toMatchObject({ reason: 'limit', message: 'The agent did not finish within 1 steps.' });
    expect(error.steps.map(({ name }) => name)).toEqual(['nexus/offline', 'calculator']);
    expect(error.usage.output_tokens).toBeGreaterThan(0);
  });

  it('refuses a definition that names a tool it does not have', async () => {
    const tools = [{ name: 'abacus', kind: 'builtin' as const }];
    expect(await harness.refusalOf(definition({ tools }))).toContain('abacus');
  });

  it('is healthy once deployed', async () => {
    const { runtime, deployment } = await agent();
    expect(await runtime.health('a', deployment)).toMatchObject({ ready: true });
  });
});
