import { z } from 'zod';
import { codeToolSchema } from '../../../tools/tool-definition.js';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';

const text = z.string().min(1).max(1000);

const toolNoteSchema = z.object({
  name: z.string().min(1).max(100),
  why_chosen: text,
  when_to_use: text,
  when_not_to_use: text,
});

/** Schemas and values travel as JSON text: providers that hold a model to a schema take no free-form objects. */
const jsonText = z.string().min(1).max(20_000);

/** A tool that the model writes itself. What is wrong with it beyond its form is found when it is tried. */
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

/** What the model writes about the chosen tools, and those that it adds. */
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
  /** How many of them this build ran without a fault. */
  verified_examples: z.int(),
});

/** written_tools.json: the tools that this build wrote, each with what stands in its own document. */
export const writtenToolsSchema = z.object({
  tools: z.array(z.object({ document: toolDocumentSchema, tool: codeToolSchema })),
});

export type ToolNote = z.infer<typeof toolNoteSchema>;
export type NewTool = z.infer<typeof newToolSchema>;
export type ToolNotes = z.infer<typeof toolNotesSchema>;
export type ToolDocument = z.infer<typeof toolDocumentSchema>;
export type WrittenTool = z.infer<typeof writtenToolsSchema>['tools'][number];

export const toolNotesInputSchema = z.object({ requirements: requirementsSchema, design: designSchema });
