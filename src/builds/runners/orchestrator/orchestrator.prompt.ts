import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { planSchema, type Plan } from './orchestrator.schema.js';
import { shown } from '../worked-example.js';

const SYSTEM = `${BUILD_RULES}

Your step: orchestrator, the first of six. You read the intent and plan the build; you do not design anything yet.`;

const EXAMPLE: Plan = {
  intent: {
    type: 'new_project',
    reason: 'It describes an agent that does not exist yet: rental prices at the counter.',
  },
  project: {
    name: 'Bike rental price helper',
    description: 'Staff at the counter of a bike rental ask what a rental costs, with the discount for long ones.',
  },
  agent: { name: 'rental_price_helper', display_name: 'Rental Price Helper', category: 'customer_service' },
  steps: [
    { stage: 'orchestrator', goal: 'Settle names and category of the price helper.' },
    {
      stage: 'requirements_analysis',
      goal: 'Write down both day rates, the discount and the ban on promises as tests.',
    },
    { stage: 'system_architecture', goal: 'Lay out one agent with exact arithmetic and the rates as a document.' },
    { stage: 'agent_design', goal: 'Decide how it asks for bike type and days, and where it stops.' },
    { stage: 'agent_developer_manager', goal: 'Write tool notes, system prompt and definition of the helper.' },
    { stage: 'agent_deployer', goal: 'Prove prices with and without discount, then deploy.' },
  ],
  notes: ['Whether the discount also holds for e-bikes is not said; it is taken to hold for both.'],
};

const INSTRUCTIONS = `Write the plan of the build.

1. intent.type: "new_project" when the requirement describes an agent to build; "existing_project" when it asks to change an agent that exists already (this build will then still make a new agent: say so in notes); "unclear" when it does not say what the agent is for. intent.reason names the words that decided it.
2. project.name: a title of 3 to 60 characters that tells this project from others. project.description: one or two sentences on who uses the agent for what.
3. agent.name: English, snake_case, 3 to 30 characters, only a-z, 0-9 and _, starting with a letter; it names the agent's job ("invoice_checker"), not the technology. If the requirement is not in English, translate the job. agent.display_name: the same for people.
4. agent.category: one of customer_service, finance, education, content, data_analysis, software, planning, health, general.
5. steps: the six stages orchestrator, requirements_analysis, system_architecture, agent_design, agent_developer_manager, agent_deployer, in this order, each with a goal that is specific to this requirement.
6. notes: what is unclear, contradictory or out of reach; empty if nothing is.`;

export const PLAN_TASK: DocumentTask<Plan> = {
  name: 'plan',
  version: `plan-2.${BUILD_RULES_VERSION}`,
  schema: planSchema,
  system: `${SYSTEM}\n\n${shown(EXAMPLE)}`,
  example: EXAMPLE,
  instructions: INSTRUCTIONS,
};
