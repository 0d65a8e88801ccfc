import { Injectable } from '@nestjs/common';
import type { Schema, ToolSet } from 'ai';
import { aiSdk } from '../../../models/ai-sdk.js';
import { ValidationError } from '../../../shared/domain-error.js';
import { boundedOutput, type Tool, type ToolContext, ToolError } from '../../tool.js';
import { ToolWorkers } from '../../tool-workers.js';
import { builtinTools } from './index.js';

/** Every tool that an agent definition can name. */
@Injectable()
export class ToolCatalogue {
  private readonly byName: ReadonlyMap<string, Tool> = new Map(builtinTools.map((tool) => [tool.name, tool]));

  /** Made once for each tool: the SDK would make JSON Schema of it at each run. */
  private readonly schemas = new Map<string, Schema>();

  constructor(private readonly workers: ToolWorkers = new ToolWorkers()) {}

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

  /**
   * Runs one tool: in a worker process, unless the input is provably quick. The output is bounded, and every fault is a ToolError with a
   * message for the model.
   * @throws ValidationError for an unknown name; ToolError; the signal's reason when the caller went away
   */
  async execute(name: string, input: unknown, context: ToolContext): Promise<unknown> {
    const { knowledge, now, signal } = context;
    const tool = this.get(name);
    if (tool.isQuick(input)) {
      signal?.throwIfAborted();
      return answerOf(tool, input, now);
    }
    const task = { name, input, now_ms: now().getTime() };
    return tool.searches_documents
      ? this.workers.runLookup(task, knowledge, context)
      : this.workers.runTool(task, context);
  }

  /** The named tools as the AI SDK takes them, bound to one run. Throws {@link ValidationError} for an unknown name. */
  async aiTools(names: readonly string[], context: ToolContext): Promise<ToolSet> {
    const { jsonSchema } = await aiSdk();
    const entries = [...new Set(names)].map((name) => {
      const tool = this.get(name);
      const inputSchema = this.schemas.get(name) ?? aiSchema(tool, jsonSchema);
      this.schemas.set(name, inputSchema);
      const execute = (input: unknown) => this.execute(name, input, context);
      return [name, { description: tool.description, inputSchema, execute }] as const;
    });
    return Object.fromEntries(entries);
  }
}

async function answerOf(tool: Tool, input: unknown, now: () => Date): Promise<unknown> {
  try {
    return boundedOutput(await tool.execute(input, { knowledge: [], now }));
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(`${tool.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function aiSchema({ schema, input_schema }: Tool, jsonSchema: Awaited<ReturnType<typeof aiSdk>>['jsonSchema']): Schema {
  return jsonSchema(input_schema as Parameters<typeof jsonSchema>[0], {
    validate: (value) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error };
    },
  });
}
