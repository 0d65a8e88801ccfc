import { z } from 'zod';

const line = z.string().trim().min(3).max(500);

/** The words that a model writes. No field holds a number, a date or a verdict of its own. */
export const wordsSchema = z.object({
  rationale: z.string().trim().min(20).max(3_000),
  success_metrics: z.array(line).min(1).max(10),
  risk_mitigation: z.array(line).max(12),
  phases: z
    .array(z.object({ phase: z.string(), activities: z.array(line).min(1).max(6) }))
    .min(1)
    .max(3),
});

export type WrittenWords = z.infer<typeof wordsSchema>;
