import { MockLanguageModelV4 } from 'ai/test';
import type { AgentResult } from '../agent-runtime.js';
import { definition, eventsOf, localRuntime, resultOfRun } from '../../../test/support/local-runtime.fixture.js';

/** Two runs are the same but for when their steps happened. */
const comparable = ({ steps, ...rest }: AgentResult) => ({
  ...rest,
  steps: steps.map(({ started_at: _at, duration_ms: _ms, ...step }) => step),
});

type Generated = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>;

const answered = (content: Generated['content'], unified: 'stop' | 'tool-calls' | 'length'): Generated => ({
  content,
  finishReason: { unified, raw: unified },
  usage: {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  },
  warnings: [],
});

const call = (toolName: string, input: unknown): Generated['content'][number] => ({
  type: 'tool-call',
  toolCallId: `call-${toolName}`,
  toolName,
  input: JSON.stringify(input),
});

/** A model that gives these answers one after the other. */
function scripted(...answers: Generated[]): MockLanguageModelV4 {
  let next = 0;
  return new MockLanguageModelV4({
    modelId: 'scripted',
    doGenerate: async () => answers[next++] ?? answered([{ type: 'text', text: 'out of script' }], 'stop'),
  });
}

describe('a run that nobody listens to', () => {
  it.each(['What is 1234 * 56?', 'My name is Ada.', 'How many words are in "one two three"?', 'Tell me a story'])(
    'gives the result and the trace that a streamed one gives: %s',
    async (input) => {
      const quiet = await resultOfRun(localRuntime(), { input, quiet: true });
      const streamed = await resultOfRun(localRuntime(), { input });
      expect(comparable(quiet)).toEqual(comparable(streamed));
    },
  );

  it('has no events but start and done', async () => {
    const events = await eventsOf(localRuntime(), { input: 'What is 2 + 2?', quiet: true });
    expect(events.map(({ type }) => type)).toEqual(['start', 'done']);
  });

  it('keeps calls that could not be made in its trace, and lets the model mend them', async () => {
    const model = scripted(
      answered([call('no_such_tool', {})], 'tool-calls'),
      answered([call('calculator', { wrong: true })], 'tool-calls'),
      answered([{ type: 'text', text: 'I could not.' }], 'stop'),
    );
    const { output, steps, usage } = await resultOfRun(localRuntime(model), { input: 'x', quiet: true });
    expect(output).toBe('I could not.');
    expect(usage).toEqual({ input_tokens: 9, output_tokens: 6 });
    expect(steps.map(({ type, name, error }) => [type, name, error !== undefined])).toEqual([
      ['model', 'scripted', false],
      ['tool', 'no_such_tool', true],
      ['model', 'scripted', false],
      ['tool', 'calculator', true],
      ['model', 'scripted', false],
    ]);
  });

  it('ends at its limit of steps', async () => {
    const endless = new MockLanguageModelV4({
      modelId: 'endless',
      doGenerate: async () => answered([call('calculator', { expression: '1+1' })], 'tool-calls'),
    });
    await expect(
      resultOfRun(localRuntime(endless), {
        input: 'x',
        quiet: true,
        definition: definition({ limits: { max_steps: 3 } }),
      }),
    ).rejects.toMatchObject({ reason: 'limit' });
    expect(endless.doGenerateCalls).toHaveLength(3);
  });

  it('ends when its time is over although the model ignores that', async () => {
    const deaf = new MockLanguageModelV4({ modelId: 'deaf', doGenerate: () => new Promise(() => undefined) });
    await expect(
      resultOfRun(localRuntime(deaf), {
        input: 'x',
        quiet: true,
        definition: definition({ limits: { timeout_seconds: 0.05 } }),
      }),
    ).rejects.toMatchObject({ reason: 'timeout' });
  });
});
