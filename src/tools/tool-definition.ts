import { z } from 'zod';
import { builtinTools } from './kinds/builtin/index.js';

/** Names that a model may call: what every provider takes. */
export const toolNameSchema = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,63}$/, 'must be at most 64 letters, digits and _');

export const CODE_TOOL_SOURCE_MAX = 20_000;

const json = z.record(z.string(), z.unknown());

/** `expected` is contained in what the tool answers to `input`. */
export const toolTestSchema = z.strictObject({ input: json, expected: z.unknown() });

/** A tool that was written for the agent: it runs in the sandbox only. */
export const codeToolSchema = z.strictObject({
  kind: z.literal('code'),
  name: toolNameSchema,
  description: z.string().min(1).max(1_000),
  input_schema: json.refine((schema) => schema['type'] === 'object', 'must be a JSON Schema with type "object"'),
  /** JavaScript that defines `run(input)`. */
  source: z.string().min(1).max(CODE_TOOL_SOURCE_MAX),
  tests: z.array(toolTestSchema).max(20).default([]),
});

/** A tool of the platform. */
export const builtinToolSchema = z.strictObject({ kind: z.literal('builtin'), name: z.string().min(1).max(100) });

/** What an agent's definition says about one of its tools. */
export const definedToolSchema = z.discriminatedUnion('kind', [
  builtinToolSchema,
  codeToolSchema,
  z.strictObject({ kind: z.literal('attached'), name: toolNameSchema, tool_id: z.string().min(1).max(100) }),
]);

export type BuiltinTool = z.infer<typeof builtinToolSchema>;
export type CodeTool = z.infer<typeof codeToolSchema>;
export type ToolTest = z.infer<typeof toolTestSchema>;
export type DefinedTool = z.infer<typeof definedToolSchema>;

/** Why the tools of a definition cannot be used. Attached tools are resolved at each run, so they are not checked here. */
export function problemsOfTools(tools: readonly DefinedTool[]): string[] {
  const builtin = new Set(builtinTools.map(({ name }) => name));
  const written = new Set<string>();
  return tools.flatMap(({ kind, name }) => {
    if (kind === 'builtin') return builtin.has(name) ? [] : [`there is no tool "${name}"`];
    if (builtin.has(name)) return [`"${name}" is the name of a built-in tool`];
    if (written.has(name)) return [`there are two tools "${name}"`];
    written.add(name);
    return [];
  });
}
