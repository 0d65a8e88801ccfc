import { z } from 'zod';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';
import { architectureSchema } from '../system-architecture/system-architecture.schema.js';
import { toolCardSchema } from '../tool-card.js';

const text = z.string().min(1).max(1000);
const texts = (max: number) => z.array(text).max(max);
const toolChoice = z.object({ name: z.string().min(1).max(100), reason: text });

/** What the model writes of the design. */
export const designDraftSchema = z.object({
  design_overview: text,
  /** "a customer support assistant for a bakery": completes "You are …". */
  role: z.string().min(1).max(300),
  purpose: text,
  personality: z.array(z.string().min(1).max(100)).min(1).max(10),
  inputs: texts(10).min(1),
  outputs: texts(10).min(1),
  core_functions: texts(20).min(1),
  boundaries: texts(20).min(1),
  limitations: texts(20),
  tools: z.array(toolChoice).max(20),
  memory: z.object({ max_messages: z.int().min(0).max(200), reason: text }),
  limits: z.object({
    max_steps: z.int().min(1).max(20),
    timeout_seconds: z.int().min(5).max(300),
    max_output_tokens: z.int().min(64).max(16_384),
    reason: text,
  }),
  guardrails: texts(20).min(1),
  evaluation_criteria: texts(15).min(1),
});

/** agent_design.json: the draft with the JSON Schema of every tool, as the catalogue has it. */
export const designSchema = designDraftSchema.extend({
  agent_name: z.string().min(1).max(100),
  tools: z
    .array(toolChoice.extend({ description: z.string(), input_schema: z.record(z.string(), z.unknown()) }))
    .max(20),
});

export type DesignDraft = z.infer<typeof designDraftSchema>;
export type Design = z.infer<typeof designSchema>;

export const designInputSchema = z.object({
  plan: planSchema,
  requirements: requirementsSchema,
  architecture: architectureSchema,
  tools: z.array(toolCardSchema),
});
