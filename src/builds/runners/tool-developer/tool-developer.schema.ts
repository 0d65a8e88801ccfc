import { z } from 'zod';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';

const text = z.string().min(1).max(1000);

const toolNoteSchema = z.object({
  name: z.string().min(1).max(100),
  why_chosen: text,
  when_to_use: text,
  when_not_to_use: text,
});

/** What the model writes about the chosen tools. */
export const toolNotesSchema = z.object({ tools: z.array(toolNoteSchema).max(20) });

/** tools/<name>.json: one tool of the agent. */
export const toolDocumentSchema = toolNoteSchema.extend({
  kind: z.literal('builtin'),
  display_name: z.string(),
  description: z.string(),
  input_schema: z.record(z.string(), z.unknown()),
  /** The catalogue's own examples: `expected` is part of the output for `input`. */
  examples: z.array(
    z.object({ input: z.record(z.string(), z.unknown()), expected: z.record(z.string(), z.unknown()) }),
  ),
  /** How many of them this build ran without a fault. */
  verified_examples: z.int(),
});

export type ToolNote = z.infer<typeof toolNoteSchema>;
export type ToolNotes = z.infer<typeof toolNotesSchema>;
export type ToolDocument = z.infer<typeof toolDocumentSchema>;

export const toolNotesInputSchema = z.object({ requirements: requirementsSchema, design: designSchema });
