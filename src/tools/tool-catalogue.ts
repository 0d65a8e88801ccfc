import { Injectable } from '@nestjs/common';
import { tool as aiTool, type ToolSet } from 'ai';
import { ValidationError } from '../shared/domain-error.js';
import { boundedOutput } from './bounded-output.js';
import { builtinTools } from './builtin/index.js';
import { type Tool, type ToolContext, ToolError } from './tool.js';

/** Every tool that an agent definition can name. */
@Injectable()
export class ToolCatalogue {
  private readonly byName: ReadonlyMap<string, Tool> = new Map(builtinTools.map((tool) => [tool.name, tool]));

  list(): Tool[] {
    return [...this.byName.values()];
  }

  find(name: string): Tool | undefined {
    return this.byName.get(name);
  }

  /** Throws {@link ValidationError} that lists the known tools. */
  get(name: string): Tool {
    const tool = this.byName.get(name);
    if (!tool)
      throw ValidationError.field('tools', `names "${name}"; known tools: ${[...this.byName.keys()].join(', ')}`);
    return tool;
  }

  /** The tools that a requirement in plain language asks for, in catalogue order. */
  matching(requirementText: string): Tool[] {
    return this.list().filter((tool) => tool.matches(requirementText));
  }

  /** Runs one tool; the output is bounded, and every fault becomes a {@link ToolError}. */
  async execute(name: string, input: unknown, context: ToolContext): Promise<unknown> {
    try {
      return boundedOutput(await this.get(name).execute(input, context));
    } catch (error) {
      if (error instanceof ToolError) throw error;
      throw new ToolError(`${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /** The named tools as the AI SDK takes them, bound to one run. Throws {@link ValidationError} for an unknown name. */
  aiTools(names: readonly string[], context: ToolContext): ToolSet {
    const entries = [...new Set(names)].map((name) => {
      const { description, ai_schema } = this.get(name);
      return [
        name,
        aiTool({
          description,
          inputSchema: ai_schema,
          execute: (input: unknown) => this.execute(name, input, context),
        }),
      ] as const;
    });
    return Object.fromEntries(entries);
  }
}
