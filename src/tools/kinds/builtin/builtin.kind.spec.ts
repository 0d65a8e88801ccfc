import type { ToolExecutionOptions } from 'ai';
import fc from 'fast-check';
import { TOOL_OUTPUT_LIMIT_BYTES, type ToolContext } from '../../tool.js';
import { ToolWorkers } from '../../tool-workers.js';
import { ToolResolver } from '../../tool-resolver.js';
import { BuiltinToolKind } from './builtin.kind.js';

const workers = new ToolWorkers();
const catalogue = new BuiltinToolKind(workers);

afterAll(() => workers.onApplicationShutdown());

const context: ToolContext = {
  knowledge: [
    {
      name: 'faq.md',
      content: '# Refunds\n\nRefunds are made within 14 days.\n\n# Shipping\n\nShipping costs 5 euros.',
    },
  ],
  now: () => new Date('2026-03-05T10:00:00.000Z'),
};

const examples = catalogue.list().flatMap((tool) => tool.examples.map((example) => ({ name: tool.name, ...example })));

describe('BuiltinToolKind', () => {
  it('lists six tools, each with an object as its JSON Schema and at least two examples', () => {
    expect(catalogue.list().map(({ name }) => name)).toEqual([
      'calculator',
      'date_time',
      'unit_conversion',
      'text_statistics',
      'json_query',
      'knowledge_lookup',
    ]);
    for (const tool of catalogue.list()) {
      expect(tool.input_schema['type']).toBe('object');
      expect(tool.examples.length).toBeGreaterThanOrEqual(2);
    }
  });

  it.each(examples)('keeps the promise of the example $name $input', async ({ name, input, expected }) => {
    expect(await catalogue.execute(name, input, context)).toMatchObject(expected);
  });

  it.each([
    ['An agent that answers arithmetic questions', ['calculator']],
    ['A travel planner that converts miles to kilometers and knows time zones', ['date_time', 'unit_conversion']],
    ['Answer customer questions from our FAQ documents', ['knowledge_lookup']],
    ['Reads values out of JSON payloads', ['json_query']],
    ['An agent that writes haiku', []],
  ])('finds the tools for "%s"', (requirement, names) => {
    expect(catalogue.matching(requirement).map(({ name }) => name)).toEqual(names);
  });

  it('refuses an unknown tool and lists the known ones', async () => {
    expect(() => catalogue.get('shell')).toThrow('known tools: calculator, date_time');
    await expect(catalogue.discover(undefined, { kind: 'builtin', name: 'shell' })).rejects.toThrow('names "shell"');
  });

  it('tells the model which part of its input is wrong', async () => {
    await expect(catalogue.execute('calculator', {}, context)).rejects.toThrow(
      'The input of calculator is not valid: expression',
    );
  });

  it('cuts an output that would crowd the conversation out', async () => {
    const json = JSON.stringify({ text: 'é"'.repeat(10_000) });
    const output = await catalogue.execute('json_query', { json, query: 'text' }, context);
    expect(output).toMatchObject({ truncated: true });
    expect(Buffer.byteLength(JSON.stringify(output))).toBeLessThanOrEqual(TOOL_OUTPUT_LIMIT_BYTES);
  });

  it.each([
    ['calculator', { expression: Array(33).fill('acos(atan(.2))').join('+') }],
    ['json_query', { json: JSON.stringify(Array(400).fill({ a: 1 })), query: `${'to_string([@])|'.repeat(30)}@` }],
  ])('lets a heavy call of %s hold up nothing but itself', async (name, input) => {
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 10);
    const outcome = await catalogue.execute(name, input, context).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    // A fast machine finishes the sum in time.
    expect(outcome).toMatch(
      name === 'calculator'
        ? /^answered$|did not finish within 2 seconds/
        : /^json_query failed: it (did not finish within 2 seconds|needs more than 64 MB of memory)\.$/,
    );
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    expect(await catalogue.execute('calculator', { expression: '1 + 1' }, context)).toMatchObject({ result: '2' });
  });

  it('ends a call when its run ends', async () => {
    const ending = new AbortController();
    const json = JSON.stringify(Array(400).fill({ a: 1 }));
    const call = catalogue.execute(
      'json_query',
      { json, query: `${'to_string([@])|'.repeat(30)}@` },
      { ...context, signal: ending.signal },
    );
    ending.abort(new Error('the run was cancelled'));
    await expect(call).rejects.toThrow('the run was cancelled');
  });

  it('offers the named tools to the AI SDK, bound to the run', async () => {
    const run = { ...context, knowledge: [], org_id: 'org-a', agent_id: 'proj_1:a' };
    const calculator = { kind: 'builtin' as const, name: 'calculator' };
    const tools = await ToolResolver.standalone().aiTools({ tools: [calculator, calculator] }, run);
    const options = { toolCallId: 'call_1', messages: [], context: {} } as unknown as ToolExecutionOptions<never>;
    expect(Object.keys(tools)).toEqual(['calculator']);
    expect(await tools['calculator']?.execute?.({ expression: '1 + 1' } as never, options)).toMatchObject({
      result: '2',
    });
  });
});

describe('plain arithmetic', () => {
  class NoWorkers extends ToolWorkers {
    override runTool(): Promise<never> {
      return Promise.reject(new Error('a worker was asked'));
    }
  }
  const alone = new BuiltinToolKind(new NoWorkers());

  it('runs without a worker process', async () => {
    expect(await alone.execute('calculator', { expression: '(12.5 + 3) * 4 - 10%' }, context)).toMatchObject({
      result: '55.8',
    });
    await expect(alone.execute('calculator', { expression: '1 / (2 - 2)' }, context)).rejects.toThrow(
      /^calculator|zero/i,
    );
  });

  it.each(['2 ^ 9', '170!', 'sqrt(2)', 'atan(0.2)', '1e9', `${'1+'.repeat(50)}1`])(
    '%s asks a worker',
    async (expression) => {
      await expect(alone.execute('calculator', { expression }, context)).rejects.toThrow('a worker was asked');
    },
  );

  it('answers or refuses whatever else its signs are put together to', async () => {
    const sign = fc.constantFrom(...'0123456789.()+-*/% ');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: sign, minLength: 1, maxLength: 100 }), async (expression) => {
        const outcome = await alone.execute('calculator', { expression }, context).catch((error: unknown) => error);
        expect(outcome instanceof Error ? outcome.name : 'answer').toMatch(/^(answer|ToolError)$/);
      }),
      { numRuns: 500 },
    );
  });
});
