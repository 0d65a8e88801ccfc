import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type PackageText, packageTextSchema } from './agent-code-developer.schema.js';
import { shown } from '../worked-example.js';

const SYSTEM = `${BUILD_RULES}

Your step: agent code, the third part of the fifth stage. The executable definition is assembled by the platform; you write what people read about it.`;

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

export const PACKAGE_TASK: DocumentTask<PackageText> = {
  name: 'package_text',
  version: `package-text-2.${BUILD_RULES_VERSION}`,
  schema: packageTextSchema,
  system: `${SYSTEM}\n\n${shown(EXAMPLE)}`,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
};
