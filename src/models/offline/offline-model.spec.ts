import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import fc from 'fast-check';
import { OfflineModel, OfflineWriters } from './offline-model.js';

const model = new OfflineModel(new OfflineWriters());
const toolNames = ['calculator', 'date_time', 'unit_conversion', 'text_statistics', 'json_query', 'knowledge_lookup'];
const tools = toolNames.map((name) => ({
  type: 'function' as const,
  name,
  description: name,
  inputSchema: { type: 'object' as const },
}));

function options(
  messages: readonly string[],
  changes: Partial<LanguageModelV4CallOptions> = {},
): LanguageModelV4CallOptions {
  const prompt = messages.map((text, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: [{ type: 'text' as const, text }],
  }));
  return { prompt: [{ role: 'system', content: 'You are a budget assistant.' }, ...prompt], tools, ...changes };
}

async function partsOf(call: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamPart[]> {
  const parts: LanguageModelV4StreamPart[] = [];
  for await (const part of (await model.doStream(call)).stream) parts.push(part);
  return parts;
}

describe('OfflineModel', () => {
  it('asks for the calculator with the expression of the question', async () => {
    const { content, finishReason } = await model.doGenerate(options(['What is 1234 * 56?']));
    expect(content).toEqual([
      { type: 'tool-call', toolCallId: 'call_1', toolName: 'calculator', input: '{"expression":"1234 * 56"}' },
    ]);
    expect(finishReason.unified).toBe('tool-calls');
  });

  it('does not guess a sum when it is not given the calculator', async () => {
    const { content } = await model.doGenerate(options(['What is 1234 * 56?'], { tools: [] }));
    expect(content).toEqual([
      {
        type: 'text',
        text: 'I would need the tool "calculator" for that, and this agent does not have it, so I will not guess.',
      },
    ]);
  });

  it('streams the words of the same answer that it generates', async () => {
    const call = options(['My name is Ada', 'Nice to meet you, Ada.', 'What is my name?']);
    const { content, usage } = await model.doGenerate(call);
    const parts = await partsOf(call);
    const deltas = parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
    expect(deltas).toEqual(['Your', ' name', ' is', ' Ada.']);
    expect(content).toEqual([{ type: 'text', text: deltas.join('') }]);
    expect(parts.at(-1)).toEqual({ type: 'finish', usage, finishReason: { unified: 'stop', raw: undefined } });
  });

  it('counts a token for every four characters that it wrote', async () => {
    const { usage } = await model.doGenerate(options(['My name is Ada', 'Nice to meet you, Ada.', 'What is my name?']));
    expect(usage.outputTokens.total).toBe(Math.ceil('Your name is Ada.'.length / 4));
  });

  it('stops at the limit of output tokens and says so', async () => {
    const { content, finishReason } = await model.doGenerate(options(['what can you do?'], { maxOutputTokens: 5 }));
    expect(content).toEqual([{ type: 'text', text: 'I am an assistant;' }]);
    expect(finishReason.unified).toBe('length');
  });

  it('shortens an answer that repeats a long text and says so', async () => {
    const digits = `summarize: ${'1'.repeat(90_000)}`;
    const { content, finishReason } = await model.doGenerate(options([digits], { maxOutputTokens: 2_048 }));
    const [{ text } = { text: '' }] = content as { text: string }[];
    expect(text).toHaveLength(8_000);
    expect(text).toMatch(/^1+ … \(shortened from 90000 characters\)$/);
    expect(finishReason.unified).toBe('stop');
  });

  it('ends a stream whose caller gives up', async () => {
    const controller = new AbortController();
    const { stream } = await model.doStream(options(['hello'], { abortSignal: controller.signal }));
    const reader = stream.getReader();
    await reader.read();
    controller.abort(new Error('gone'));
    await expect(reader.read().then(() => reader.read())).rejects.toThrow('gone');
  });

  it('gives the same conversation the same answer, and answers any text at all', async () => {
    const fragment = fc.constantFrom(
      'my budget is ',
      'what is ',
      '15% of ',
      'that',
      ' plus ',
      '1200 euros',
      '10 km',
      ' in miles',
      ' until ',
      '2026-01-01',
      'my name is Ada',
      '? ',
      '\n',
      '{"a":1}',
      'sort: b, a',
      'and ',
      'how many ',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (messages) => {
        const [first, second] = await Promise.all([
          model.doGenerate(options(messages)),
          model.doGenerate(options(messages)),
        ]);
        expect(second).toEqual(first);
        expect(first.content).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  it('stays fast on long and hostile messages', async () => {
    const messages = [
      'a ',
      '1+',
      '(',
      'my ',
      '9',
      'a,',
      '{"',
      'how many ',
      'what is ',
      '1.1.',
      'to in ',
      '- ',
      '3pm in ',
    ].map((part) => part.repeat(100_000 / part.length));
    for (const message of messages) {
      const started = performance.now();
      await model.doGenerate(options([message]));
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});
