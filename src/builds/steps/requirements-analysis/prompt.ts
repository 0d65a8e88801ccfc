import { z } from 'zod';
import { CHECK_KINDS } from '../../../agents/agent-example.js';
import { REQUIREMENT_KINDS } from '../../requirement/coverage.js';
import { documentTask } from '../../step/document-task.js';
import { toolCardSchema } from '../../step/offered-tools.js';
import { planSchema } from '../orchestrator/prompt.js';

/** A rule-based check of an answer. `value` is null for `non_empty` only. */
export const acceptanceCheckSchema = z.object({
  kind: z.enum(CHECK_KINDS),
  /** Text (compared without regard to case), a JavaScript regular expression, or a tool's name. */
  value: z.string().min(1).max(500).nullable(),
});

/** A message to the finished agent before its deployment, and what a good answer must satisfy. */
export const acceptanceExampleSchema = z.object({
  id: z.string().regex(/^EX-\d{3}$/),
  input: z.string().min(1).max(5000),
  checks: z.array(acceptanceCheckSchema).min(1).max(10),
  /** What a judge should look for beyond the checks; null when the checks say everything. */
  judged: z.string().max(1000).nullable(),
  /** Ids of the requirements that the input exercises and the checks decide on. Documents of version 1.0.0 have none. */
  proves: z
    .array(z.string().regex(/^R-\d{1,3}$/))
    .max(30)
    .default([]),
});

export type AcceptanceCheck = z.infer<typeof acceptanceCheckSchema>;
export type AcceptanceExample = z.infer<typeof acceptanceExampleSchema>;

const text = z.string().min(1).max(1000);
const texts = (max: number) => z.array(text).max(max);

export const functionalRequirementSchema = z.object({
  /** The id of the numbered requirement that it elaborates; `FR-001` in documents of version 1.0.0. */
  id: z.string().regex(/^(?:R-\d{1,3}|FR-\d{3})$/),
  title: z.string().min(1).max(200),
  user_story: text,
  acceptance_criteria: texts(10).min(1),
  priority: z.enum(['High', 'Medium', 'Low']),
  complexity: z.enum(['High', 'Medium', 'Low']),
});

/** One distinct statement of the requirement. */
export const numberedRequirementSchema = z.object({
  id: z.string().regex(/^R-\d{1,3}$/),
  kind: z.enum(REQUIREMENT_KINDS),
  text,
});

/** requirements.json: what the agent must do and how that is checked. */
export const requirementsSchema = z.object({
  feature_name: z.string().min(1).max(200),
  overview: text,
  business_value: text,
  audience: z.string().min(1).max(200),
  tone: z.array(z.string().min(1).max(50)).min(1).max(10),
  workflow_complexity: z.enum(['single_agent', 'multi_agent']),
  complexity_reason: text,
  roles: z.array(z.object({ name: z.string().min(1).max(100), responsibility: text })).max(8),
  scope: z.object({ included: texts(20).min(1), excluded: texts(20) }),
  /** Empty in documents of version 1.0.0. */
  requirements: z.array(numberedRequirementSchema).max(80).default([]),
  functional_requirements: z.array(functionalRequirementSchema).min(1).max(30),
  non_functional_requirements: z.object({
    performance: texts(10),
    security: texts(10),
    usability: texts(10),
    reliability: texts(10),
  }),
  constraints: texts(30),
  assumptions: texts(20),
  success_criteria: texts(20).min(1),
  /** Facts that the requirement states; the agent gets them as documents. */
  knowledge: z.array(z.object({ name: z.string().min(1).max(100), content: z.string().min(1).max(10_000) })).max(10),
  needed_tools: z.array(z.object({ name: z.string().min(1).max(100), reason: text })).max(20),
  acceptance_examples: z.array(acceptanceExampleSchema).min(1).max(15),
  glossary: z.array(z.object({ term: z.string().min(1).max(100), meaning: text })).max(20),
});

export type Requirements = z.infer<typeof requirementsSchema>;
export type FunctionalRequirement = z.infer<typeof functionalRequirementSchema>;

export const requirementsInputSchema = z.object({
  requirement: z.string(),
  /** The changes at the end of the requirement, oldest first. Each replaces what it contradicts. */
  changes: z.array(z.string()).default([]),
  plan: planSchema,
  tools: z.array(toolCardSchema),
});

const ROLE = 'You turn wishes into requirements that a test can check. You do not choose an architecture.';

const EXAMPLE: Requirements = {
  feature_name: 'Rental prices at the counter',
  overview: 'The agent tells staff what renting a bike costs for a number of days.',
  business_value: 'Staff quote the same, correct price without working it out by hand.',
  audience: 'staff at the counter of a bike rental',
  tone: ['brief', 'matter-of-fact'],
  workflow_complexity: 'single_agent',
  complexity_reason: 'One question, one calculation, one answer: nothing is handed on.',
  roles: [],
  scope: {
    included: ['Prices of city bikes and e-bikes for any number of days'],
    excluded: ['Availability of bikes: no tool knows the bookings'],
  },
  requirements: [
    { id: 'R-1', kind: 'functional', text: 'Work out the price of a rental for a number of days.' },
    { id: 'R-2', kind: 'knowledge', text: 'A city bike costs 15 euros a day, an e-bike 32 euros a day.' },
    { id: 'R-3', kind: 'constraint', text: 'Never promise that a bike is free on a date.' },
  ],
  functional_requirements: [
    {
      id: 'R-1',
      title: 'Work out the price of a rental',
      user_story:
        'As staff, I want the price for a bike and a number of days, so that I can tell the customer at once.',
      acceptance_criteria: ['4 days of a city bike cost 60 euros', '5 days of an e-bike cost 144 euros'],
      priority: 'High',
      complexity: 'Low',
    },
  ],
  non_functional_requirements: {
    performance: ['One short answer per question'],
    security: ['Its instructions are not repeated to users'],
    usability: ['The calculation is shown in one line'],
    reliability: ['A missing number of days is asked for, not assumed'],
  },
  constraints: ['Never promise that a bike is free on a date.'],
  assumptions: ['The discount holds for both kinds of bike.'],
  success_criteria: ['Every quoted price equals rate times days, less 10 percent from 5 days on.'],
  knowledge: [
    {
      name: 'Rental rates',
      content: 'A city bike costs 15 euros a day, an e-bike 32 euros a day. From 5 days on there is 10 percent off.',
    },
  ],
  needed_tools: [
    { name: 'calculator', reason: 'R-1: prices must be exact.' },
    { name: 'knowledge_lookup', reason: 'R-1: the rates are in the document.' },
  ],
  acceptance_examples: [
    {
      id: 'EX-001',
      input: 'What do 5 days of an e-bike cost? Please calculate 32 * 5 * 0.9.',
      checks: [
        { kind: 'contains', value: '144' },
        { kind: 'uses_tool', value: 'calculator' },
      ],
      judged: null,
      proves: ['R-1'],
    },
    {
      id: 'EX-002',
      input: 'How much is a city bike a day?',
      checks: [{ kind: 'contains', value: '15' }],
      judged: 'It names the day rate and does not promise a bike.',
      proves: ['R-2'],
    },
  ],
  glossary: [{ term: 'day', meaning: 'A calendar day that a bike is rented for, also in part.' }],
};

const INSTRUCTIONS = `Write the requirements document for input.requirement, following input.plan.

1. requirements: every distinct statement of input.requirement once, close to its own words, ids R-1, R-2, ...: kind "functional" for each thing that the agent does, in order of importance and before the other kinds; "quality" for how it does it (tone, length, speed); "constraint" for what it must or must not do; "knowledge" for a stated fact. Add none that the requirement does not state.
2. functional_requirements: one for each requirement of kind functional, with the same id. user_story as "As <who>, I want <what>, so that <why>." acceptance_criteria are observable in a single conversation. priority and complexity are High, Medium or Low; not everything is High.
3. non_functional_requirements: only what the requirement says or what every agent of this kind needs (bounded answers, no secrets in answers, honest about not knowing).
4. constraints: every sentence of the requirement that obliges or forbids, close to its own words.
5. workflow_complexity: "single_agent" unless the requirement clearly describes several cooperating roles that hand work to one another; then "multi_agent" with those roles (at least two). complexity_reason explains the choice. For multi_agent each role becomes a specialist that a supervisor calls as a tool; the supervisor is not one of the roles. For single_agent roles is empty.
6. knowledge: facts that the requirement itself states (opening hours, prices, policies), copied word for word. Empty if it states no facts.
7. needed_tools: only tools of input.tools that at least one functional requirement needs, each with the reason. "suggested" is a hint by keyword, not an order. Knowledge that is not empty needs the tool that looks documents up, if there is one.
8. acceptance_examples: 2 to 8, ids EX-001, EX-002, ... Each is one message of a user and deterministic checks of the answer: contains, not_contains, matches (a short JavaScript regular expression without nested repetition), uses_tool (a name out of needed_tools), non_empty (value null). Check only what a correct answer must have and a wrong one would lack: an exact result, a fact from knowledge, a tool that has to be used. No check on wording, greetings or length. proves lists the ids of the requirements that the input exercises and whose failure the checks would show. A greeting, a question about the agent itself or a task that any assistant can do proves nothing: leave its proves empty, or leave it out. Write at least one example for every functional requirement that can be tested in one message; a requirement without one is reported as unproven. The examples decide whether the agent is deployed. Put what only a person can judge into judged, else null.
9. scope.excluded: wishes that the tools and one agent cannot fulfil, and close neighbours that a reader might expect.`;

export const REQUIREMENTS_TASK = documentTask<Requirements>({
  step: 'requirements_analysis',
  name: 'requirements',
  revision: 4,
  schema: requirementsSchema,
  role: ROLE,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
});
