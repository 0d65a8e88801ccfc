import { z } from 'zod';
import { documentTask } from '../../step/document-task.js';
import { designSchema } from '../agent-design/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';

/** What the model writes about the finished agent. The definition itself is assembled from the earlier documents. */
export const packageTextSchema = z.object({
  /** For the registry's lists. */
  description: z.string().min(1).max(500),
  /** For the README of the exported project. */
  introduction: z.string().min(1).max(2000),
  example_messages: z.array(z.string().min(1).max(1000)).min(1).max(5),
});

export type PackageText = z.infer<typeof packageTextSchema>;

export const packageInputSchema = z.object({ requirements: requirementsSchema, design: designSchema });

const ROLE = 'The executable definition is assembled by the platform; you write what people read about it.';

const EXAMPLE: PackageText = {
  description:
    'Tells staff of a bike rental what a rental costs, with the discount for long ones. It knows no bookings.',
  introduction:
    'Ask for the price of a city bike or an e-bike for any number of days. Rates come from the document "Rental rates", sums from the calculator. Whether a bike is free it does not know.',
  example_messages: ['What do 5 days of an e-bike cost?', 'How much is a city bike a day?'],
};

const INSTRUCTIONS = `Write about the finished agent of input.design.

1. description: one or two sentences for a list of agents: for whom, what it does, what it does not. No praise.
2. introduction: the opening of a README: what users can ask, on what the answers rest (its tools and documents), and its known limits from design.limitations.
3. example_messages: one to five messages as this agent's users would really type them, each answerable by it; take those of the acceptance examples that show its purpose.`;

export const PACKAGE_TASK = documentTask<PackageText>({
  step: 'agent_code_developer',
  name: 'package_text',
  revision: 2,
  schema: packageTextSchema,
  role: ROLE,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
});
