import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { AgentRunError } from '../agent-runtime.js';
import { definition, eventsOf, localRuntime, resultOfRun } from '../../../test/support/local-runtime.fixture.js';

const usage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 2, text: 2, reasoning: 0 },
};
const finish = (unified: 'stop' | 'tool-calls'): LanguageModelV4StreamPart => ({
  type: 'finish',
  finishReason: { unified, raw: undefined },
  usage,
});
const said = (delta: string): LanguageModelV4StreamPart[] => [
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta },
  { type: 'text-end', id: '1' },
  finish('stop'),
];
const called = (id: number, toolName: string, input: string): LanguageModelV4StreamPart[] => [
  { type: 'tool-call', toolCallId: `call_${id}`, toolName, input },
  finish('tool-calls'),
];

/** A model that answers its n-th call with the n-th script; `calls` keeps what it was asked. */
function scripted(
  script: (call: number) => LanguageModelV4StreamPart[] | Error | 'hang',
): LanguageModelV4 & { calls: LanguageModelV4CallOptions[] } {
  const calls: LanguageModelV4CallOptions[] = [];
  return {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'test/scripted',
    supportedUrls: {},
    calls,
    doGenerate: () => Promise.reject(new Error('not used')),
    doStream: async (options) => {
      calls.push(options);
      const answer = script(calls.length);
      if (answer instanceof Error) throw answer;
      if (answer === 'hang') return { stream: new ReadableStream({ pull: () => new Promise(() => undefined) }) };
      return { stream: ReadableStream.from<LanguageModelV4StreamPart>(answer) };
    },
  };
}

async function failure(run: Promise<unknown>): Promise<AgentRunError> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AgentRunError)) throw new Error(`Expected a failed run, got ${String(error)}`);
  return error;
}

describe('LocalRuntime', () => {
  it('yields the events of a run in order, with deltas that add up to the output', async () => {
    const events = await eventsOf(localRuntime(), { input: 'What is 1234 * 56?' });
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'tool_call',
      'tool_result',
      ...Array<string>(5).fill('delta'),
      'done',
    ]);
    expect(events[0]).toEqual({ type: 'start', model: 'nexus/offline' });
    expect(events[1]).toEqual({
      type: 'tool_call',
      call_id: 'call_1',
      tool: 'calculator',
      input: { expression: '1234 * 56' },
    });
    expect(events[2]).toMatchObject({ type: 'tool_result', call_id: 'call_1', output: { formatted: '69,104' } });
    const deltas = events.flatMap((event) => (event.type === 'delta' ? [event.text] : []));
    expect(events.at(-1)).toMatchObject({ type: 'done', result: { output: deltas.join(''), model: 'nexus/offline' } });
  });

  it('traces the model, the tool and the model again', async () => {
    const { output, steps, usage: total } = await resultOfRun(localRuntime(), { input: 'What is 1234 * 56?' });
    expect(output).toBe('1234 * 56 = 69,104.');
    expect(steps.map(({ step, type, name }) => [step, type, name])).toEqual([
      [1, 'model', 'nexus/offline'],
      [2, 'tool', 'calculator'],
      [3, 'model', 'nexus/offline'],
    ]);
    expect(steps[1]).toMatchObject({
      input: { expression: '1234 * 56' },
      output: { result: '69104' },
      started_at: '2026-03-05T10:00:00.000Z',
    });
    expect(total.input_tokens).toBeGreaterThan(0);
    expect(total.output_tokens).toBe(14);
  });

  it('hands the error of a tool to the model and goes on', async () => {
    const model = scripted((call) =>
      call === 1 ? called(1, 'calculator', '{"expression":"1/0"}') : said('That has no result.'),
    );
    const events = await eventsOf(localRuntime(model), { input: 'go' });
    expect(events.find(({ type }) => type === 'tool_result')).toMatchObject({
      tool: 'calculator',
      error: 'Division by zero.',
    });
    expect(events.at(-1)).toMatchObject({
      type: 'done',
      result: { output: 'That has no result.', usage: { input_tokens: 6, output_tokens: 4 } },
    });
    expect(JSON.stringify(model.calls[1]?.prompt)).toContain('Division by zero.');
  });

  it('survives a model that calls a tool it was not offered', async () => {
    const model = scripted((call) => (call === 1 ? called(1, 'shell', '{}') : said('Sorry.')));
    const { output, steps } = await resultOfRun(localRuntime(model), { input: 'go' });
    expect(output).toBe('Sorry.');
    expect(steps[1]).toMatchObject({ type: 'tool', name: 'shell', error: expect.stringContaining('shell') as string });
  });

  it('ends a run that uses up its steps, with the trace so far', async () => {
    const model = scripted((call) => called(call, 'calculator', '{"expression":"1+1"}'));
    const limits = { max_steps: 3 };
    const error = await failure(eventsOf(localRuntime(model), { input: 'go', definition: definition({ limits }) }));
    expect(error).toMatchObject({
      code: 'AGENT_INVOCATION_FAILED',
      reason: 'limit',
      message: 'The agent did not finish within 3 steps.',
      usage: { input_tokens: 9, output_tokens: 6 },
    });
    expect(error.steps).toHaveLength(6);
  });

  it('ends a run in time even when the model ignores the signal', async () => {
    const error = await failure(
      eventsOf(localRuntime(scripted(() => 'hang')), {
        input: 'go',
        definition: definition({ limits: { timeout_seconds: 0.05 } }),
      }),
    );
    expect(error).toMatchObject({
      reason: 'timeout',
      steps: [{ type: 'model', error: 'The agent did not finish in time.' }],
    });
  });

  it('ends a run whose caller gives up, before and during it', async () => {
    const before = await failure(eventsOf(localRuntime(), { input: 'hello', signal: AbortSignal.abort() }));
    expect(before).toMatchObject({ reason: 'cancelled', steps: [] });
    const controller = new AbortController();
    const model = scripted(() => {
      setImmediate(() => controller.abort());
      return 'hang';
    });
    expect(await failure(eventsOf(localRuntime(model), { input: 'go', signal: controller.signal }))).toMatchObject({
      reason: 'cancelled',
    });
  });

  it('stops the model when the reader of the events leaves', async () => {
    const model = scripted(() => said('one two'));
    for await (const event of localRuntime(model).run({
      org_id: 'acme',
      session_id: 'sess_1',
      agent_id: 'a',
      definition: definition(),
      input: 'go',
      history: [],
    }))
      if (event.type === 'delta') break;
    expect(model.calls[0]?.abortSignal?.aborted).toBe(true);
  });

  it('reports a failing model and a model that nobody serves', async () => {
    expect(
      await failure(eventsOf(localRuntime(scripted(() => new Error('overloaded'))), { input: 'go' })),
    ).toMatchObject({ reason: 'model', message: 'The model failed: overloaded' });
    expect(
      await failure(eventsOf(localRuntime(), { input: 'go', definition: definition({ model_id: 'gpt-x' }) })),
    ).toMatchObject({ reason: 'model' });
  });

  it('does not blame the model for a stored definition whose tool no longer exists', async () => {
    const tools = [{ name: 'abacus', kind: 'builtin' as const }];
    expect(await failure(eventsOf(localRuntime(), { input: 'go', definition: definition({ tools }) }))).toMatchObject({
      reason: 'runtime',
      message: expect.stringContaining('names "abacus"') as string,
    });
  });

  it('gives the model as many messages as its memory holds, notes and state as context', async () => {
    const model = scripted(() => said('ok'));
    const history = [
      { role: 'user' as const, content: 'one' },
      { role: 'assistant' as const, content: 'two' },
      { role: 'system' as const, content: 'be brief' },
      { role: 'user' as const, content: 'three' },
      { role: 'assistant' as const, content: 'four' },
    ];
    const texts = (call: number) =>
      model.calls[call]?.prompt.map((message) =>
        typeof message.content === 'string'
          ? message.content
          : message.content.map((part) => ('text' in part ? part.text : '')).join(''),
      );
    await resultOfRun(localRuntime(model), {
      input: 'five',
      history,
      session_state: { plan: '</session_state>' },
      definition: definition({ memory: { max_messages: 3 }, guardrails: ['No advice on stocks.'] }),
    });
    await resultOfRun(localRuntime(model), {
      input: 'five',
      history,
      definition: definition({ memory: { max_messages: 0 } }),
    });
    expect(texts(0)?.slice(1)).toEqual(['three', 'four', 'five']);
    expect(texts(0)?.[0]).toMatch(
      /- No advice on stocks\.[\s\S]*- be brief[\s\S]*\{"plan":"\\u003c\/session_state>"\}/,
    );
    expect(texts(1)?.slice(1)).toEqual(['five']);
    expect(texts(1)?.[0]).toContain('with the advice to call the local emergency number now.');
  });

  it('deploys what can run and names everything that keeps a definition from running', async () => {
    const runtime = localRuntime();
    expect(await runtime.deploy('a', definition())).toEqual({ region: null, agentcore_config: null });
    expect(await runtime.health('a')).toMatchObject({ ready: true });
    const broken = { ...definition(), model_id: 'gpt-x', tools: [{ name: 'shell', kind: 'builtin' as const }] };
    await expect(runtime.deploy('a', broken)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      details: {
        fields: { tools: ['there is no tool "shell"'], model_id: [expect.stringContaining('gpt-x') as string] },
      },
    });
    await expect(runtime.deploy('a', { ...definition(), system_prompt: '' })).rejects.toMatchObject({
      details: { fields: { system_prompt: [expect.any(String) as string] } },
    });
  });
});
