import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type Requirements, requirementsSchema } from './requirements-analysis.schema.js';

const SYSTEM = `${BUILD_RULES}

Your step: requirements analysis, the second of six. You turn wishes into requirements that a test can check. You do not choose an architecture.`;

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
  version: `requirements-1.${BUILD_RULES_VERSION}`,
  schema: requirementsSchema,
  system: SYSTEM,
  instructions: INSTRUCTIONS,
};
