import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type Requirements, requirementsSchema } from './requirements-analysis.schema.js';
import { shown } from '../worked-example.js';

const SYSTEM = `${BUILD_RULES}

Your step: requirements analysis, the second of six. You turn wishes into requirements that a test can check. You do not choose an architecture.`;

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
  functional_requirements: [
    {
      id: 'FR-001',
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
    { name: 'calculator', reason: 'FR-001: prices must be exact.' },
    { name: 'knowledge_lookup', reason: 'FR-001: the rates stand in the document.' },
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
    },
    {
      id: 'EX-002',
      input: 'How much is a city bike a day?',
      checks: [{ kind: 'contains', value: '15' }],
      judged: 'It names the day rate and does not promise a bike.',
    },
  ],
  glossary: [{ term: 'day', meaning: 'A calendar day that a bike is rented for, also in part.' }],
};

const INSTRUCTIONS = `Write the requirements document for input.requirement, following input.plan.

1. functional_requirements: one per distinct thing that the agent does, ids FR-001, FR-002, ... in order of importance. user_story as "As <who>, I want <what>, so that <why>." acceptance_criteria are observable in a single conversation. priority and complexity are High, Medium or Low; not everything is High.
2. non_functional_requirements: only what the requirement says or what every agent of this kind needs (bounded answers, no secrets in answers, honest about not knowing).
3. constraints: every sentence of the requirement that obliges or forbids, close to its own words.
4. workflow_complexity: "single_agent" unless the requirement clearly describes several cooperating roles that hand work to one another; then "multi_agent" with those roles (at least two). complexity_reason explains the choice and, for multi_agent, that one deployed agent plays all roles. For single_agent roles is empty.
5. knowledge: facts that the requirement itself states (opening hours, prices, policies), copied, not embellished. Empty if there are none.
6. needed_tools: only tools of input.tools that at least one functional requirement needs, each with the reason. "suggested" is a hint by keyword, not an order. Knowledge that is not empty needs the tool that looks documents up, if there is one.
7. acceptance_examples: 2 to 8, ids EX-001, EX-002, ... Each is one message of a user and deterministic checks of the answer: contains, not_contains, matches (a short JavaScript regular expression without nested repetition), uses_tool (a name out of needed_tools), non_empty (value null). Check only what a correct answer must have and a wrong one would lack: an exact result, a fact from knowledge, a tool that has to be used. No check on wording, greetings or length. The examples decide whether the agent is deployed. Put what only a person can judge into judged, else null.
8. scope.excluded: wishes that the tools and one agent cannot fulfil, and close neighbours that a reader might expect.`;

export const REQUIREMENTS_TASK: DocumentTask<Requirements> = {
  name: 'requirements',
  version: `requirements-2.${BUILD_RULES_VERSION}`,
  schema: requirementsSchema,
  system: `${SYSTEM}\n\n${shown(EXAMPLE)}`,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
};
