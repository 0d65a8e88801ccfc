import { z } from 'zod';
import { planSchema } from '../orchestrator/orchestrator.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';

const text = z.string().min(1).max(1000);
const name = z.string().min(1).max(100);

/** architecture.json: of what the agent consists and how a message passes through it. */
export const architectureSchema = z.object({
  design_overview: text,
  topology: z.object({
    kind: z.enum(['single_agent', 'multi_agent']),
    /** Always one: cooperating roles are sections of its instructions. */
    deployed_agents: z.literal(1),
    agents: z
      .array(
        z.object({
          name,
          role: text,
          responsibilities: z.array(text).min(1).max(15),
          interactions: z.array(z.object({ with: name, purpose: text })).max(15),
        }),
      )
      .min(1)
      .max(8),
  }),
  components: z
    .array(z.object({ name, kind: z.enum(['model', 'tool', 'knowledge', 'memory', 'interface']), purpose: text }))
    .min(1)
    .max(30),
  data_models: z
    .array(
      z.object({
        name,
        purpose: text,
        fields: z
          .array(z.object({ name, type: name, description: text }))
          .min(1)
          .max(20),
      }),
    )
    .min(1)
    .max(15),
  interfaces: z
    .array(z.object({ name, input: text, output: text, errors: z.array(text).max(10) }))
    .min(1)
    .max(10),
  interaction_flows: z
    .array(z.object({ name, steps: z.array(text).min(1).max(15) }))
    .min(1)
    .max(10),
  error_handling: z
    .array(z.object({ situation: text, response: text }))
    .min(1)
    .max(15),
  security_considerations: z.array(text).min(1).max(15),
  performance_considerations: z.array(text).min(1).max(15),
  monitoring: z.array(text).min(1).max(15),
  design_rationale: text,
});

export type Architecture = z.infer<typeof architectureSchema>;

export const architectureInputSchema = z.object({ plan: planSchema, requirements: requirementsSchema });
export type ArchitectureInput = z.infer<typeof architectureInputSchema>;
