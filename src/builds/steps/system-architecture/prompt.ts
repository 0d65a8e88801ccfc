import { z } from 'zod';
import { documentTask } from '../../step/document-task.js';
import { planSchema } from '../orchestrator/prompt.js';
import { requirementsSchema } from '../requirements-analysis/prompt.js';

const text = z.string().min(1).max(1000);
const name = z.string().min(1).max(100);

/** architecture.json: the parts of the agent and the path of a message through them. */
export const architectureSchema = z.object({
  design_overview: text,
  topology: z.object({
    kind: z.enum(['single_agent', 'multi_agent']),
    /** Always one, which callers reach: cooperating roles are its team. */
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

const ROLE =
  'You lay out one agent on a given platform: a language model that runs in a loop with tools, documents that it can look things up in, and a conversation memory. You do not invent services, queues or databases.';

const EXAMPLE: Architecture = {
  design_overview: 'One agent reads the rates from its document and multiplies with the calculator.',
  topology: {
    kind: 'single_agent',
    deployed_agents: 1,
    agents: [
      {
        name: 'rental_price_helper',
        role: 'Quotes rental prices to staff',
        responsibilities: ['Ask for bike and days when they are missing', 'Work out the price and show how'],
        interactions: [],
      },
    ],
  },
  components: [
    { name: 'language model', kind: 'model', purpose: 'Understands the question and words the answer.' },
    { name: 'conversation', kind: 'memory', purpose: 'Keeps the bike that was spoken of.' },
    { name: 'message in, answer out', kind: 'interface', purpose: 'Carries one question of the counter.' },
    { name: 'calculator', kind: 'tool', purpose: 'Multiplies rate and days exactly.' },
    { name: 'knowledge_lookup', kind: 'tool', purpose: 'Finds the rate of a bike.' },
    { name: 'Rental rates', kind: 'knowledge', purpose: 'Holds both day rates and the discount.' },
  ],
  data_models: [
    {
      name: 'Question',
      purpose: 'What staff ask.',
      fields: [
        { name: 'bike', type: 'city bike or e-bike', description: 'The kind of bike.' },
        { name: 'days', type: 'whole number', description: 'How long it is rented.' },
      ],
    },
    {
      name: 'Quote',
      purpose: 'What the agent answers.',
      fields: [{ name: 'price', type: 'euros', description: 'Rate times days, less the discount.' }],
    },
  ],
  interfaces: [
    {
      name: 'calculator',
      input: 'An expression such as 32 * 5 * 0.9',
      output: 'The exact result',
      errors: ['An expression that cannot be read: the agent says so and tries a simpler one'],
    },
  ],
  interaction_flows: [
    {
      name: 'Quote a price',
      steps: [
        'The language model reads bike and days',
        'knowledge_lookup finds the rate',
        'calculator works out the price',
        'The language model answers with price and calculation',
      ],
    },
  ],
  error_handling: [
    { situation: 'The number of days is missing', response: 'The agent asks for it.' },
    { situation: 'A tool fails', response: 'The agent says that it cannot quote a price now.' },
    { situation: 'Somebody asks whether a bike is free', response: 'The agent says that it does not know bookings.' },
  ],
  security_considerations: ['No customer data is needed; what is typed in stays in the conversation.'],
  performance_considerations: ['Two tool calls and two model calls answer a usual question.'],
  monitoring: ['Share of quotes without a call of the calculator: it should be none.'],
  design_rationale: 'Rates change, so they belong in a document, not in the instructions.',
};

const INSTRUCTIONS = `Write the architecture for input.requirements.

1. topology: deployed_agents is always 1. kind and agents follow requirements.workflow_complexity: one entry named input.plan.agent.name for single_agent; for multi_agent one entry per role of requirements.roles, with interactions that say whose result another one needs; the supervisor passes it on and is not an entry itself. design_rationale says why the work is split so.
2. components: one of kind model, one of kind memory, one of kind interface, one of kind tool per entry of requirements.needed_tools (same name), and one of kind knowledge if requirements.knowledge is not empty. Nothing else.
3. data_models: what the agent reads and writes in words of the requirement's domain, at most six, with typed fields; begin with the message in and the answer out.
4. interfaces: how a caller reaches the agent (one message in, one answer out) and each tool; errors name what the caller sees.
5. interaction_flows: the path of one message through the components for the most important functional requirements; each step is one action of one component.
6. error_handling: at least tool failure, missing information, question outside the scope, and every constraint that could be violated.
7. security_considerations, performance_considerations, monitoring: specific to this agent; name the data and the limits that it has.`;

export const ARCHITECTURE_TASK = documentTask<Architecture>({
  step: 'system_architecture',
  name: 'architecture',
  revision: 3,
  schema: architectureSchema,
  role: ROLE,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
});
