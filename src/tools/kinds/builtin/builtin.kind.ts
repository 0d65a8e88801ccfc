import { Injectable } from '@nestjs/common';
import type { Schema } from 'ai';
import { aiSdk } from '../../../models/model-provider.js';
import { ValidationError } from '../../../shared/domain-error.js';
import { boundedOutput, type Tool, type ToolContext, ToolError } from '../../tool.js';
import { ToolWorkers } from '../../tool-workers.js';
import { type BuiltinTool, builtinToolSchema } from '../../tool-definition.js';
import { type DefinedCall, ToolKind, type ToolOperation } from '../tool-kind.js';
import { builtinTools } from './index.js';

/** Tools of the platform itself, which the definition of every agent can name. */
@Injectable()
export class BuiltinToolKind extends ToolKind<BuiltinTool, DefinedCall<BuiltinTool>> {
  override readonly config_schema = builtinToolSchema;
  private readonly byName: ReadonlyMap<string, Tool> = new Map(builtinTools.map((tool) => [tool.name, tool]));

  /** Made once for each tool. */
  private readonly schemas = new Map<string, Schema>();

  constructor(private readonly workers: ToolWorkers = new ToolWorkers()) {
    super();
  }

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

  /** @throws ValidationError for an unknown name */
  override async discover(_tool: unknown, { name }: BuiltinTool): Promise<ToolOperation[]> {
    const { description, input_schema } = this.get(name);
    return [{ name, operation: name, description, input_schema, risk: 'read', call: null }];
  }

  override call({ operation }: ToolOperation, input: unknown, { run }: DefinedCall<BuiltinTool>): Promise<unknown> {
    return this.execute(operation, input, run);
  }

  override async aiSchema({ operation }: ToolOperation): Promise<Schema> {
    const known = this.schemas.get(operation);
    if (known) return known;
    const { schema, input_schema } = this.get(operation);
    const { jsonSchema } = await aiSdk();
    const made = jsonSchema(input_schema, {
      validate: (value) => {
        const parsed = schema.safeParse(value);
        return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error };
      },
    });
    this.schemas.set(operation, made);
    return made;
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
