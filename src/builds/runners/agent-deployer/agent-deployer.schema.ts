import { z } from 'zod';
import { CHECK_KINDS } from '../requirements-analysis/acceptance.schema.js';

const judgedSummarySchema = z.object({
  /** Share of the judged answers that must pass, 0 to 1. */
  pass_mark: z.number(),
  total: z.int(),
  passed: z.int(),
  is_met: z.boolean(),
});

/** acceptance_report.json: what the candidate answered to the acceptance examples. */
export const acceptanceReportSchema = z.object({
  agent_name: z.string(),
  model: z.string().nullable(),
  passed: z.boolean(),
  total: z.int(),
  failed: z.int(),
  /** Null when nothing was judged: then only the checks by rule decide. */
  judged: judgedSummarySchema.nullable(),
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
      /** What no rule can check. */
      judged: z.string().nullable(),
      /** What the language model says on it; null when it was not asked. */
      verdict: z.object({ passed: z.boolean(), reason: z.string() }).nullable(),
    }),
  ),
});

export type AcceptanceReport = z.infer<typeof acceptanceReportSchema>;
export type JudgedSummary = z.infer<typeof judgedSummarySchema>;
export type ExampleReport = AcceptanceReport['examples'][number];
