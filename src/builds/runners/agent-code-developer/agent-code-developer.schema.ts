import { z } from 'zod';
import { designSchema } from '../agent-design/agent-design.schema.js';
import { requirementsSchema } from '../requirements-analysis/requirements-analysis.schema.js';

/** What the model writes about the finished agent; the definition itself is put together from the earlier documents. */
export const packageTextSchema = z.object({
  /** For the registry's lists. */
  description: z.string().min(1).max(500),
  /** For the README of the exported project. */
  introduction: z.string().min(1).max(2000),
  example_messages: z.array(z.string().min(1).max(1000)).min(1).max(5),
});

export type PackageText = z.infer<typeof packageTextSchema>;

export const packageInputSchema = z.object({ requirements: requirementsSchema, design: designSchema });
