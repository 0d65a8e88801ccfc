import type { AgentCard, AgentSkill } from '@a2a-js/sdk';
import type { Agent } from '../../agents/agent.js';
import { VERSION } from '../../shared/version.js';

const BINDINGS = ['JSONRPC', 'HTTP+JSON'] as const;
const VERSIONS = ['1.0', '0.3'] as const;
const TEXT = ['text/plain'];

/** What the platform says about itself to anyone: nothing about any organization. */
export function platformCard(url: string): AgentCard {
  return {
    ...common(url),
    name: 'Nexus',
    description:
      'Runs AI agents. Set the tenant of a request to the id of an agent, or use the endpoint of an agent, /a2a/agents/{agent_id}. The extended card lists your agents.',
    version: VERSION,
    skills: [
      {
        ...NO_SKILL,
        id: 'ask',
        name: 'Ask an agent',
        description: 'Sends the message to the agent whose id is the tenant.',
        tags: ['agents'],
      },
    ],
  };
}

/** The platform's card with a skill for each agent; the id of a skill is the tenant that names the agent. */
export function extendedCard(url: string, agents: readonly Agent[]): AgentCard {
  const card = platformCard(url);
  return { ...card, skills: [...card.skills, ...agents.map((agent) => skillOf(agent, agent.agent_id))] };
}

export function agentCard(url: string, agent: Agent): AgentCard {
  const { agent_name, description, version } = agent;
  return {
    ...common(url),
    name: agent_name,
    description: description || `The agent ${agent_name}.`,
    version,
    skills: [skillOf(agent, agent_name)],
  };
}

const NO_SKILL: AgentSkill = {
  id: '',
  name: '',
  description: '',
  tags: [],
  examples: [],
  inputModes: TEXT,
  outputModes: TEXT,
  securityRequirements: [],
};

function skillOf({ agent_name, description, category, tags }: Agent, id: string): AgentSkill {
  return {
    ...NO_SKILL,
    id,
    name: agent_name,
    description: description || `Asks the agent ${agent_name}.`,
    tags: [category, ...tags],
  };
}

function common(url: string): Omit<AgentCard, 'name' | 'description' | 'version' | 'skills'> {
  return {
    supportedInterfaces: VERSIONS.flatMap((protocolVersion) =>
      BINDINGS.map((protocolBinding) => ({ url, protocolBinding, protocolVersion, tenant: '' })),
    ),
    provider: { organization: 'Nexus', url: new URL('/', url).href },
    documentationUrl: new URL('/docs', url).href,
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true, extensions: [] },
    securitySchemes: {
      bearer: {
        scheme: {
          $case: 'httpAuthSecurityScheme',
          value: { scheme: 'Bearer', bearerFormat: '', description: 'An API key or an access token.' },
        },
      },
      key: {
        scheme: {
          $case: 'apiKeySecurityScheme',
          value: { location: 'header', name: 'X-API-Key', description: 'An API key.' },
        },
      },
    },
    securityRequirements: [{ schemes: { bearer: { list: [] } } }, { schemes: { key: { list: [] } } }],
    defaultInputModes: TEXT,
    defaultOutputModes: TEXT,
    signatures: [],
  };
}
