import { z } from 'zod';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { toolCardSchema } from '../tool-card.js';
import { acceptanceExampleSchema } from './acceptance.schema.js';

const text = z.string().min(1).max(1000);
const texts = (max: number) => z.array(text).max(max);

export const functionalRequirementSchema = z.object({
  id: z.string().regex(/^FR-\d{3}$/),
  title: z.string().min(1).max(200),
  user_story: text,
  acceptance_criteria: texts(10).min(1),
  priority: z.enum(['High', 'Medium', 'Low']),
  complexity: z.enum(['High', 'Medium', 'Low']),
});

/** requirements.json: what the agent must do and how that is checked. */
export const requirementsSchema = z.object({
  feature_name: z.string().min(1).max(200),
  overview: text,
  business_value: text,
  audience: z.string().min(1).max(200),
  tone: z.array(z.string().min(1).max(50)).min(1).max(10),
  workflow_complexity: z.enum(['single_agent', 'multi_agent']),
  complexity_reason: text,
  roles: z.array(z.object({ name: z.string().min(1).max(100), responsibility: text })).max(8),
  scope: z.object({ included: texts(20).min(1), excluded: texts(20) }),
  functional_requirements: z.array(functionalRequirementSchema).min(1).max(30),
  non_functional_requirements: z.object({
    performance: texts(10),
    security: texts(10),
    usability: texts(10),
    reliability: texts(10),
  }),
  constraints: texts(30),
  assumptions: texts(20),
  success_criteria: texts(20).min(1),
  /** Facts that the requirement states; the agent gets them as documents. */
  knowledge: z.array(z.object({ name: z.string().min(1).max(100), content: z.string().min(1).max(10_000) })).max(10),
  needed_tools: z.array(z.object({ name: z.string().min(1).max(100), reason: text })).max(20),
  acceptance_examples: z.array(acceptanceExampleSchema).min(1).max(15),
  glossary: z.array(z.object({ term: z.string().min(1).max(100), meaning: text })).max(20),
});

export type Requirements = z.infer<typeof requirementsSchema>;
export type FunctionalRequirement = z.infer<typeof functionalRequirementSchema>;

export const requirementsInputSchema = z.object({
  requirement: z.string(),
  plan: planSchema,
  tools: z.array(toolCardSchema),
});
