import { Injectable } from '@nestjs/common';
import type { AgentDefinition } from '../runtimes/agent-definition.js';
import type { Agent } from './agent.js';
import { AgentNotRunningError } from './agents.errors.js';
import { AgentsService } from './agents.service.js';

const CACHED_DEFINITIONS = 500;

export interface RunnableAgent {
  agent: Agent;
  definition: AgentDefinition;
}

/** Agents that can be invoked now, with what they run. One read when the definition is known already, two otherwise. */
@Injectable()
export class RunnableAgentsService {
  /** Definitions never change, so what was read once stays true; oldest out first. */
  private readonly definitions = new Map<string, AgentDefinition>();

  constructor(private readonly agents: AgentsService) {}

  /** @throws AgentNotFoundError, AgentNotRunningError */
  async get(org_id: string, agent_id: string): Promise<RunnableAgent> {
    const agent = await this.agents.get(org_id, agent_id);
    if (agent.status !== 'running') throw new AgentNotRunningError(agent_id, agent.status);
    const definition = await this.definition(agent);
    const { model_id } = agent;
    return { agent, definition: model_id ? { ...definition, model_id } : definition };
  }

  private async definition(agent: Agent): Promise<AgentDefinition> {
    // An agent may be deleted and made again under its id: its creation time tells the two apart.
    const key = `${agent.agent_id}#${agent.created_at}#${agent.version_number}`;
    const known = this.definitions.get(key);
    if (known) return known;
    const { definition } = await this.agents.version(agent);
    this.definitions.set(key, definition);
    const [oldest] = this.definitions.keys();
    if (this.definitions.size > CACHED_DEFINITIONS && oldest !== undefined) this.definitions.delete(oldest);
    return definition;
  }
}
