import { z } from 'zod';
import { PATHS } from '../../../stages/stage.js';
import { type CodeTool, codeToolSchema } from '../../../tools/tool-definition.js';
import { documentTask } from '../../step/document-task.js';
import { readDocument } from '../../step/documents.js';
import type { StepContext } from '../../step/step.js';
import { designSchema } from '../agent-design/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';

const text = z.string().min(1).max(1000);

const toolNoteSchema = z.object({
  name: z.string().min(1).max(100),
  why_chosen: text,
  when_to_use: text,
  when_not_to_use: text,
});

/** Schemas and values are passed as JSON text: strict structured output does not allow free-form objects. */
const jsonText = z.string().min(1).max(20_000);

/** A tool that the model writes itself. Its tests find faults that the schema cannot. */
export const newToolSchema = toolNoteSchema.extend({
  display_name: z.string().min(1).max(200),
  description: text,
  /** JSON Schema of the input, an object. */
  input_schema_json: jsonText,
  /** JavaScript that defines `run(input)`. */
  source: z.string().min(1).max(20_000),
  tests: z
    .array(z.object({ input_json: jsonText, expected_json: jsonText }))
    .min(1)
    .max(10),
});

/** The model's notes on the chosen tools, and the tools that it adds. */
export const toolNotesSchema = z.object({
  tools: z.array(toolNoteSchema).max(20),
  new_tools: z.array(newToolSchema).max(5).default([]),
});

const jsonObject = z.record(z.string(), z.unknown());

/** tools/<name>.json: one tool of the agent. */
export const toolDocumentSchema = toolNoteSchema.extend({
  kind: z.enum(['builtin', 'code']),
  display_name: z.string(),
  description: z.string(),
  input_schema: jsonObject,
  /** The catalogue's own examples, or the tool's tests: `expected` is part of the output for `input`. */
  examples: z.array(z.object({ input: jsonObject, expected: z.unknown() })),
  /** How many of the examples gave the expected output in this build. */
  verified_examples: z.int(),
});

/** written_tools.json: the tools that this build wrote, each with its document. */
export const writtenToolsSchema = z.object({
  tools: z.array(z.object({ document: toolDocumentSchema, tool: codeToolSchema })),
});

export type ToolNote = z.infer<typeof toolNoteSchema>;
export type NewTool = z.infer<typeof newToolSchema>;
export type ToolNotes = z.infer<typeof toolNotesSchema>;
export type ToolDocument = z.infer<typeof toolDocumentSchema>;
export type WrittenTool = z.infer<typeof writtenToolsSchema>['tools'][number];

export const toolNotesInputSchema = z.object({ requirements: requirementsSchema, design: designSchema });

const ROLE =
  'You say for each chosen tool why this agent has it and when it is to be called, so that the agent calls it when it must and only then. Where the requirements need an exact computation or transformation that no built-in tool does, you may write that tool yourself: new_tools is the only place where a tool that is not listed may appear.';

const EXAMPLE: ToolNotes = {
  tools: [
    {
      name: 'calculator',
      why_chosen: 'R-1',
      when_to_use: 'For every price: pass rate * days, and * 0.9 from 5 days on, for example 32 * 5 * 0.9.',
      when_not_to_use: 'When only the day rate is asked for, or a number is a date or a bike number.',
    },
  ],
  new_tools: [],
};

const INSTRUCTIONS = `Write one entry per tool of input.design.tools, same names, same order. (There, input.design.tools takes the place of input.tools.)

1. why_chosen: the functional requirements that need it, by id.
2. when_to_use: the kinds of message that call for it, in words of this agent's users, with what to pass as input where that is not obvious from its schema.
3. when_not_to_use: the look-alikes that do not call for it (a number in a phone number is no sum; a greeting needs no look-up).

If input.design.tools is empty, answer with an empty list.

new_tools is empty in most cases. Write one only for what must be exact and cannot be done by a listed tool (a check digit, a tax table given in the requirements, a format conversion):
- source: plain JavaScript (ES2023) that defines function run(input) and returns JSON. It runs in a sandbox without modules, network, files, timers or environment, at most 2 seconds and 32 MB. The clock stands still and Math.random is seeded.
- input_schema_json: a JSON Schema of type object as JSON text, every property described. run may rely on it.
- throw new Error('...') with a message that helps the agent correct its input.
- tests: 2 to 5, input_json and expected_json as JSON text; expected is contained in what run returns. They are run before the tool is taken over.
- name: small letters, digits and _, not the name of a built-in tool.`;

export const TOOL_NOTES_TASK = documentTask<ToolNotes>({
  step: 'tool_developer',
  name: 'tool_notes',
  revision: 2,
  schema: toolNotesSchema,
  role: ROLE,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
});

const REPAIR_INSTRUCTIONS = `input.tool is a tool that you wrote, input.problems what went wrong when it was tried. Answer with the whole tool, mended. Keep its name and what it is for. Change a test only if the test itself is wrong.`;

/** Used at most once for each written tool. */
export const TOOL_REPAIR_TASK = documentTask<NewTool>({
  step: 'tool_developer',
  name: 'tool_repair',
  revision: 1,
  schema: newToolSchema,
  role: ROLE,
  instructions: REPAIR_INSTRUCTIONS,
});

/** The tools that this build wrote; most builds write none. */
export function writtenTools(context: Pick<StepContext, 'artifacts'>): WrittenTool[] {
  if (!context.artifacts.has(PATHS.writtenTools)) return [];
  return readDocument(context, PATHS.writtenTools, writtenToolsSchema).tools;
}

export const codeOf = (written: readonly WrittenTool[]): CodeTool[] => written.map(({ tool }) => tool);
