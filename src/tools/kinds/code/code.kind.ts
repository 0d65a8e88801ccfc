import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { InputCheck } from '../../tool-workers.js';
import { Sandbox } from '../../sandbox/sandbox.js';
import { boundedOutput, type ToolContext, ToolError } from '../../tool.js';
import { type CodeTool, codeToolSchema } from '../../tool-definition.js';
import { builtinTools } from '../builtin/index.js';
import { type DefinedCall, ToolKind, type ToolOperation } from '../tool-kind.js';

/** The clock of tests, fixed so that their results never change. */
const TEST_NOW = new Date('2026-01-01T00:00:00.000Z');

/** Who runs a tool, and when to stop. */
type CodeCaller = Pick<ToolContext, 'org_id' | 'signal'>;

/** Tools that a build wrote for an agent. */
@Injectable()
export class CodeToolKind extends ToolKind<CodeTool, DefinedCall<CodeTool>> {
  override readonly config_schema = codeToolSchema;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly inputs: InputCheck = new InputCheck(),
  ) {
    super();
  }

  override async discover(_tool: unknown, { name, description, input_schema }: CodeTool): Promise<ToolOperation[]> {
    return [{ name, operation: name, description, input_schema, risk: 'read', call: null }];
  }

  /** Throws {@link ToolError} for input that does not fit the schema and for every fault of the code. */
  override async call(_operation: unknown, input: unknown, { config, run }: DefinedCall<CodeTool>): Promise<unknown> {
    return this.run(config, input, run.now(), run);
  }

  private async run(
    { name, source, input_schema }: CodeTool,
    input: unknown,
    now: Date,
    { org_id, signal }: CodeCaller,
  ): Promise<unknown> {
    await this.inputs.require(name, input_schema, input, org_id);
    return boundedOutput(await this.sandbox.run({ name, source, input, now, org_id, signal }));
  }

  /** Why the tool cannot be used: its name, its schema, or its own tests. Empty when it can. */
  async problemsOf(tool: CodeTool, caller: CodeCaller = {}): Promise<string[]> {
    if (builtinTools.some(({ name }) => name === tool.name))
      return [`The name "${tool.name}" is reserved for a built-in tool.`];
    const schema = await this.inputs.problemOf(tool.input_schema, caller.org_id);
    if (schema !== undefined) return [`The input schema is not valid: ${schema}`];
    const problems: string[] = [];
    for (const [index, { input, expected }] of tool.tests.entries()) {
      const problem = await this.failureOf(tool, input, expected, caller);
      if (problem !== undefined) problems.push(`Test ${index + 1}: ${problem}`);
    }
    return problems;
  }

  private async failureOf(
    tool: CodeTool,
    input: unknown,
    expected: unknown,
    caller: CodeCaller,
  ): Promise<string | undefined> {
    try {
      const output = await this.run(tool, input, TEST_NOW, caller);
      if (contains(output, expected)) return undefined;
      return `expected ${excerpt(expected)} and got ${excerpt(output)}`;
    } catch (error) {
      if (error instanceof ToolError) return error.message;
      throw error;
    }
  }
}

/** Whether every field of an expected object is in the output; anything else must be equal. */
export function contains(output: unknown, expected: unknown): boolean {
  if (!isObject(output) || !isObject(expected)) return isDeepStrictEqual(output, expected);
  return Object.entries(expected).every(([key, value]) => Object.hasOwn(output, key) && contains(output[key], value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const excerpt = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
