import { BUILD_RULES, BUILD_RULES_VERSION } from '../build-rules.js';
import type { DocumentTask } from '../document-writer.js';
import { type Architecture, architectureSchema } from './system-architecture.schema.js';

const SYSTEM = `${BUILD_RULES}

Your step: system architecture, the third of six. You lay out one agent on a given platform: a language model that runs in a loop with tools, documents that it can look things up in, and a conversation memory. You do not invent services, queues or databases.`;

const INSTRUCTIONS = `Write the architecture for input.requirements.

1. topology: deployed_agents is always 1. kind and agents follow requirements.workflow_complexity: one entry named input.plan.agent.name for single_agent; for multi_agent one entry per role of requirements.roles, with interactions that say who hands what to whom. design_rationale says that the roles are played by one deployed agent.
2. components: one of kind model, one of kind memory, one of kind interface, one of kind tool per entry of requirements.needed_tools (same name), and one of kind knowledge if requirements.knowledge is not empty. Nothing else.
3. data_models: what the agent reads and writes in words of the requirement's domain, at most six, with typed fields; begin with the message in and the answer out.
4. interfaces: how a caller reaches the agent (one message in, one answer out) and each tool; errors name what the caller sees.
5. interaction_flows: the path of one message through the components for the most important functional requirements; each step is one action of one component.
6. error_handling: at least tool failure, missing information, question outside the scope, and every constraint that could be violated.
7. security_considerations, performance_considerations, monitoring: specific to this agent; name the data and the limits that it has.`;

export const ARCHITECTURE_TASK: DocumentTask<Architecture> = {
  name: 'architecture',
  version: `architecture-1.${BUILD_RULES_VERSION}`,
  schema: architectureSchema,
  system: SYSTEM,
  instructions: INSTRUCTIONS,
};
