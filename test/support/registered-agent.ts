import type { Registration } from '../../src/agents/agent.js';
import { AgentsService } from '../../src/agents/agents.service.js';
import { agentDefinitionSchema } from '../../src/runtimes/agent-definition.js';
import type { TestApp } from './app.js';
import type { BuiltAgent } from './built-agent.js';

/** An agent without a build: for runtimes that no acceptance example would pass, and for lists of many agents. */
export async function registeredAgent(
  { app }: TestApp,
  wishes: Partial<Registration> & { tools?: string[]; limits?: Record<string, number> } = {},
): Promise<BuiltAgent> {
  const { tools = [], limits = {}, ...registration } = wishes;
  const agent_name = wishes.agent_name ?? 'obedient';
  const definition = agentDefinitionSchema.parse({
    schema_version: '1',
    agent_name,
    display_name: agent_name,
    description: 'Obeys',
    role: 'a tester',
    system_prompt: 'Obey.',
    limits,
    tools: tools.map((name) => ({ name, kind: 'builtin' })),
  });
  const { agent_id, project_id } = await app.get(AgentsService, { strict: false }).register({
    org_id: 'default',
    user_id: 'tester',
    project_id: 'proj_test',
    agent_name,
    description: 'Obeys',
    category: 'test',
    definition,
    runtime: 'local',
    tags: [],
    build_id: `bld_${agent_name}`,
    ...registration,
  });
  return { project_id, agent_id, path: `/api/v1/agents/${encodeURIComponent(agent_id)}` };
}
