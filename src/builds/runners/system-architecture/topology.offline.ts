import type { Requirements } from '../requirements-analysis/requirements-analysis.schema.js';
import type { Architecture } from './system-architecture.schema.js';

type Topology = Architecture['topology'];

/** One agent, or its roles in the order in which the requirement names them, each handing on to the next. */
export function topologyOf(agentName: string, requirements: Requirements): Topology {
  const { roles, functional_requirements, overview } = requirements;
  if (roles.length < 2) {
    const responsibilities = functional_requirements.slice(0, 15).map((one) => `${one.id} ${one.title}`);
    return {
      kind: 'single_agent',
      deployed_agents: 1,
      agents: [{ name: agentName, role: overview, responsibilities, interactions: [] }],
    };
  }
  const agents = roles.map((role, index) => {
    const next = roles[index + 1];
    return {
      name: role.name,
      role: `The ${role.name} of ${agentName}.`,
      responsibilities: [role.responsibility],
      interactions:
        next === undefined ? [] : [{ with: next.name, purpose: `Hands its result on to the ${next.name}.` }],
    };
  });
  return { kind: 'multi_agent', deployed_agents: 1, agents };
}
