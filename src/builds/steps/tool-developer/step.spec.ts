import {
  bareWriters,
  developmentSteps,
  runSteps,
  type StructuredModel,
} from '../../../../test/support/development-steps.js';
import { stageContext } from '../../../../test/support/stage-context.js';
import type { ModelsService, StructuredRequest } from '../../../models/models.service.js';
import { CodeToolKind } from '../../../tools/kinds/code/code.kind.js';
import { Sandbox } from '../../../tools/sandbox/sandbox.js';
import { DocumentWriter } from '../../step/documents.js';
import type { NewTool } from './prompt.js';
import { ToolWriter } from './step.js';

const sandbox = new Sandbox();
afterAll(() => sandbox.onApplicationShutdown());

const GOOD: NewTool = {
  name: 'check_digit',
  display_name: 'Check digit',
  description: 'Works out the check digit of a number',
  why_chosen: 'FR1',
  when_to_use: 'For order numbers',
  when_not_to_use: 'For anything else',
  input_schema_json: '{"type":"object","properties":{"number":{"type":"string"}},"required":["number"]}',
  source: 'function run({ number }) { return { digit: [...number].reduce((sum, one) => sum + Number(one), 0) % 10 }; }',
  tests: [{ input_json: '{"number":"1234"}', expected_json: '{"digit":0}' }],
};
const WRONG: NewTool = { ...GOOD, source: 'function run() { return { digit: 7 }; }' };

function writer(repaired: NewTool): { tools: ToolWriter; asked: StructuredRequest<unknown>[] } {
  const asked: StructuredRequest<unknown>[] = [];
  const models: StructuredModel = {
    ...bareWriters,
    generateStructured: async (request) => {
      asked.push(request);
      return {
        object: repaired as never,
        model: 'scripted',
        usage: { input_tokens: 3, output_tokens: 4 },
        cost_usd: 0.25,
      };
    },
  };
  return { tools: new ToolWriter(new DocumentWriter(models as ModelsService), new CodeToolKind(sandbox)), asked };
}

const SPENT = { model: 'notes', usage: { input_tokens: 10, output_tokens: 10 }, cost_usd: 0.5 };
const context = () => stageContext('A checker of order numbers.', { accept_unproven: true });

describe('ToolWriter', () => {
  it('accepts a tool whose tests pass without asking again', async () => {
    const { tools, asked } = writer(GOOD);
    const { written, spent } = await tools.accept(context(), GOOD, SPENT);
    expect(written).toMatchObject({
      tool: { kind: 'code', name: 'check_digit' },
      document: { kind: 'code', verified_examples: 1 },
    });
    expect([asked, spent]).toEqual([[], SPENT]);
  });

  it('asks once to repair a failing tool, with its problems', async () => {
    const { tools, asked } = writer(GOOD);
    const { written, spent } = await tools.accept(context(), WRONG, SPENT);
    expect(written.tool.source).toBe(GOOD.source);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.input).toEqual({ tool: WRONG, problems: ['Test 1: expected {"digit":0} and got {"digit":7}'] });
    expect(spent).toEqual({ model: 'scripted', usage: { input_tokens: 13, output_tokens: 14 }, cost_usd: 0.75 });
  });

  it.each([
    ['tests that still fail', WRONG, 'expected {"digit":0}'],
    ['an endless loop', { ...GOOD, source: 'function run() { for (;;) {} }' }, 'did not finish within 2 seconds'],
    ['an invalid schema', { ...GOOD, input_schema_json: '{"type":"object","properties":3}' }, 'input schema'],
    ['a field without JSON', { ...GOOD, input_schema_json: '{' }, 'should hold JSON'],
  ])('ends the build for %s after the repair', async (_, wish, reason) => {
    await expect(writer(wish).tools.accept(context(), wish, SPENT)).rejects.toMatchObject({
      code: 'BUILD_ERROR',
      transient: false,
      message: expect.stringContaining(reason) as string,
    });
  });

  it('refuses the name of a built-in tool', async () => {
    const wish = { ...GOOD, name: 'calculator' };
    await expect(writer(wish).tools.accept(context(), wish, SPENT)).rejects.toThrow('is reserved for a built-in tool');
  });

  it('adds a written tool to the definition of the agent', async () => {
    const models: StructuredModel = {
      ...bareWriters,
      generateStructured: async (request) => {
        const answer = await bareWriters.generateStructured(request);
        if (request.name !== 'tool_notes') return answer;
        return { ...answer, object: request.schema.parse({ ...answer.object, new_tools: [GOOD] }) };
      },
    };
    const built = context();
    await runSteps(built, developmentSteps(models));
    const definition = JSON.parse(built.artifacts.get('agent.json') ?? '{}') as {
      tools: { name: string; kind: string }[];
      capabilities: string[];
    };
    expect(definition.tools.at(-1)).toMatchObject({ name: 'check_digit', kind: 'code' });
    expect(definition.capabilities).toContain('tool:check_digit');
    expect(built.artifacts.has('tools/check_digit.json')).toBe(true);
  });
});
