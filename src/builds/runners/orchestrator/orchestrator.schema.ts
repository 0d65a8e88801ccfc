import { z } from 'zod';
import { STAGE_NAMES } from '../../../stages/stage.js';

/** plan.json: what is to be built and under which names. */
export const planSchema = z.object({
  intent: z.object({
    type: z.enum(['new_project', 'existing_project', 'unclear']),
    reason: z.string().min(1).max(500),
  }),
  project: z.object({ name: z.string().min(3).max(200), description: z.string().min(1).max(1000) }),
  agent: z.object({
    /** English slug. */
    name: z.string().min(3).max(100),
    display_name: z.string().min(1).max(200),
    category: z.string().min(1).max(50),
  }),
  steps: z.array(z.object({ stage: z.enum(STAGE_NAMES), goal: z.string().min(1).max(500) })).length(STAGE_NAMES.length),
  notes: z.array(z.string().min(1).max(500)).max(10),
});

export type Plan = z.infer<typeof planSchema>;

export const planInputSchema = z.object({ requirement: z.string(), project_name: z.string() });
export type PlanInput = z.infer<typeof planInputSchema>;
