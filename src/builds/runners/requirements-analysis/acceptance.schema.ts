import { z } from 'zod';

export const CHECK_KINDS = ['contains', 'not_contains', 'matches', 'uses_tool', 'non_empty'] as const;

/** One thing that is checked by rule in an answer. `value` is null for `non_empty` only. */
export const acceptanceCheckSchema = z.object({
  kind: z.enum(CHECK_KINDS),
  /** Text (compared without regard to case), a JavaScript regular expression, or a tool's name. */
  value: z.string().min(1).max(500).nullable(),
});

/** What the finished agent is asked before it is deployed, and what a good answer must satisfy. */
export const acceptanceExampleSchema = z.object({
  id: z.string().regex(/^EX-\d{3}$/),
  input: z.string().min(1).max(5000),
  checks: z.array(acceptanceCheckSchema).min(1).max(10),
  /** What a person should look for beyond the checks; it decides nothing. */
  judged: z.string().max(1000).nullable(),
});

export type AcceptanceCheck = z.infer<typeof acceptanceCheckSchema>;
export type AcceptanceExample = z.infer<typeof acceptanceExampleSchema>;
