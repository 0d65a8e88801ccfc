import { z } from 'zod';
import { CHECK_KINDS } from '../requirements-analysis/acceptance.schema.js';

/** acceptance_report.json: what the candidate answered to the acceptance examples. */
export const acceptanceReportSchema = z.object({
  agent_name: z.string(),
  model: z.string().nullable(),
  passed: z.boolean(),
  total: z.int(),
  failed: z.int(),
  started_at: z.string(),
  duration_ms: z.number(),
  examples: z.array(
    z.object({
      id: z.string(),
      input: z.string(),
      /** Cut to 2,000 characters. Null when the run ended without an answer. */
      output: z.string().nullable(),
      error: z.string().nullable(),
      tools_used: z.array(z.string()),
      duration_ms: z.number(),
      passed: z.boolean(),
      checks: z.array(z.object({ kind: z.enum(CHECK_KINDS), value: z.string().nullable(), passed: z.boolean() })),
      /** For a person to judge; it decides nothing. */
      judged: z.string().nullable(),
    }),
  ),
});

export type AcceptanceReport = z.infer<typeof acceptanceReportSchema>;
export type ExampleReport = AcceptanceReport['examples'][number];
