import { z } from 'zod';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { toolDocumentSchema } from '../tool-developer/tool-developer.schema.js';

const text = z.string().min(1).max(1500);
const texts = (max: number) => z.array(text).max(max);

/** The parts of a system prompt; `prompts/system.md` is laid out from them. */
export const promptPartsSchema = z.object({
  /** "You are …" in one or two sentences. */
  identity: text,
  objective: text,
  instructions: texts(25).min(1),
  roles: z.array(z.object({ name: z.string().min(1).max(100), instructions: texts(10).min(1) })).max(8),
  tool_guidance: z.array(z.object({ tool: z.string().min(1).max(100), guidance: text })).max(20),
  style: texts(10).min(1),
  boundaries: texts(25).min(1),
  when_unsure: text,
});

export type PromptParts = z.infer<typeof promptPartsSchema>;

export const promptInputSchema = z.object({
  requirements: requirementsSchema,
  design: designSchema,
  tools: z.array(toolDocumentSchema),
});
