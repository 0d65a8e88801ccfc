import { z } from 'zod';
import {
  type AgentDefinition,
  type AgentDefinitionInput,
  agentDefinitionSchema,
} from '../../../runtimes/agent-definition.js';
import type { Design } from '../agent-design/agent-design.schema.js';
import { BuildFault } from '../build-fault.js';
import { clip } from '../offline/sentences.js';
import type { Plan } from '../orchestrator/orchestrator.schema.js';
import type { Requirements } from '../requirements-analysis/requirements-analysis.schema.js';

export interface DefinitionParts {
  plan: Plan;
  requirements: Requirements;
  design: Design;
  system_prompt: string;
  description: string;
  tags: readonly string[];
  /** Null unless the project asked for one: the agent then runs on whatever the platform is set to. */
  model_id: string | null;
}

/** The executable definition. Throws {@link BuildFault} when the parts do not make a valid one. */
export function assembleDefinition({
  plan,
  requirements,
  design,
  system_prompt,
  description,
  tags,
  model_id,
}: DefinitionParts): AgentDefinition {
  const tools = design.tools.map(({ name }) => ({ name, kind: 'builtin' as const }));
  const definition: AgentDefinitionInput = {
    schema_version: '1',
    agent_name: design.agent_name,
    display_name: plan.agent.display_name,
    description,
    role: design.role,
    system_prompt,
    model_id,
    tools,
    capabilities: ['text_generation', ...tools.map((tool) => `tool:${tool.name}`)],
    guardrails: design.guardrails,
    memory: { max_messages: design.memory.max_messages },
    limits: {
      max_steps: design.limits.max_steps,
      timeout_seconds: design.limits.timeout_seconds,
      max_output_tokens: design.limits.max_output_tokens,
    },
    knowledge: requirements.knowledge,
    tags: [...new Set([...tags, plan.agent.category])].map((tag) => clip(tag, 200)).slice(0, 20),
  };
  const parsed = agentDefinitionSchema.safeParse(definition);
  if (parsed.success) return parsed.data;
  throw new BuildFault(`The agent definition is not valid: ${z.prettifyError(parsed.error)}`, {
    details: { agent_name: design.agent_name },
    cause: parsed.error,
  });
}
