import { Injectable } from '@nestjs/common';
import { addCost, addUsage } from '../../../shared/usage.js';
import { CodeTools } from '../../../tools/code-tools.js';
import { type CodeTool, codeToolSchema } from '../../../tools/tool-definition.js';
import { BuildFault, type Spent } from '../build-fault.js';
import { DocumentWriter } from '../document-writer.js';
import type { StageContext } from '../stage-runner.js';
import { TOOL_REPAIR_TASK } from './tool-developer.prompt.js';
import type { NewTool, WrittenTool } from './tool-developer.schema.js';

/**
 * Makes tools of what the model wrote: nothing is taken over before its own tests ran in the sandbox. A tool that fails is
 * given back once with what went wrong.
 */
@Injectable()
export class ToolWriter {
  constructor(
    private readonly writer: DocumentWriter,
    private readonly code: CodeTools,
  ) {}

  /**
   * @param spent what the step has spent until now.
   * @returns the tool, and what the step has spent with its repair.
   * @throws BuildFault when the repaired tool fails as well
   */
  async accept(context: StageContext, wish: NewTool, spent: Spent): Promise<{ written: WrittenTool; spent: Spent }> {
    const first = await this.attempt(context, wish);
    if ('written' in first) return { written: first.written, spent };
    context.log('warning', `${wish.name} failed its tests, asking for a repair: ${first.problems.join(' ')}`);
    const { document, ...repair } = await this.writer.write(context, TOOL_REPAIR_TASK, {
      tool: wish,
      problems: first.problems,
    });
    const total = sum(spent, repair);
    const second = await this.attempt(context, { ...document, name: wish.name });
    if ('written' in second) return { written: second.written, spent: total };
    throw new BuildFault(`The tool "${wish.name}" fails its own tests: ${second.problems.join(' ').slice(0, 1_000)}`, {
      details: { tool: wish.name, problems: second.problems },
      suggestion: 'Restart the build, or word the requirement so that it needs no such tool.',
      spent: total,
    });
  }

  private async attempt(
    context: StageContext,
    wish: NewTool,
  ): Promise<{ written: WrittenTool } | { problems: string[] }> {
    context.signal.throwIfAborted();
    const read = codeToolOf(wish);
    if ('problems' in read) return read;
    const { tool } = read;
    const problems = await this.code.problemsOf(tool, context.signal);
    if (problems.length > 0) return { problems };
    context.log('info', `${tool.name}: written for this agent, ${tool.tests.length} tests passed in the sandbox`);
    const { name, why_chosen, when_to_use, when_not_to_use, display_name, description } = wish;
    const document: WrittenTool['document'] = {
      ...{ name, why_chosen, when_to_use, when_not_to_use, display_name, description },
      kind: 'code',
      input_schema: tool.input_schema,
      examples: tool.tests,
      verified_examples: tool.tests.length,
    };
    return { written: { document, tool } };
  }
}

function sum(a: Spent, b: Spent): Spent {
  return { model: b.model, usage: addUsage(a.usage, b.usage), cost_usd: addCost(a.cost_usd, b.cost_usd) };
}

function codeToolOf({
  name,
  description,
  input_schema_json,
  source,
  tests,
}: NewTool): { tool: CodeTool } | { problems: string[] } {
  try {
    const parsed = codeToolSchema.safeParse({
      kind: 'code',
      ...{ name, description, source },
      input_schema: JSON.parse(input_schema_json) as unknown,
      tests: tests.map(({ input_json, expected_json }) => ({
        input: JSON.parse(input_json) as unknown,
        expected: JSON.parse(expected_json) as unknown,
      })),
    });
    if (parsed.success) return { tool: parsed.data };
    return { problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
  } catch (error) {
    return { problems: [`A field that should hold JSON does not: ${error instanceof Error ? error.message : ''}`] };
  }
}
