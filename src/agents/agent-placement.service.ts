import { Injectable } from '@nestjs/common';
import { Runtimes } from '../runtimes/runtimes.js';
import { ValidationError } from '../shared/domain-error.js';
import { type Agent, deploymentOf } from './agent.js';
import { AgentsService } from './agents.service.js';

/** Moves agents from one runtime to another. */
@Injectable()
export class AgentPlacementService {
  constructor(
    private readonly agents: AgentsService,
    private readonly runtimes: Runtimes,
  ) {}

  /**
   * Deploys what the agent runs now to the runtime, points the agent there, and takes it away from where it was. Until it
   * has arrived it answers from where it was.
   * @throws ValidationError for a runtime that is not set up here, and for a container that does not answer its ping.
   */
  async place(org_id: string, agent_id: string, kind: Agent['runtime'], endpoint_url?: string): Promise<Agent> {
    if (kind !== 'http' && endpoint_url !== undefined)
      throw ValidationError.field('endpoint_url', 'belongs to the runtime "http" only');
    const runtime = this.runtimes.get(kind);
    const before = await this.agents.get(org_id, agent_id);
    const { definition } = await this.agents.version(before);
    const deployment = await runtime.deploy(agent_id, definition, endpoint_url === undefined ? {} : { endpoint_url });
    const agent = await this.agents.place(org_id, agent_id, kind, deployment);
    if (before.runtime !== kind) await this.runtimes.get(before.runtime).undeploy(agent_id, deploymentOf(before));
    return agent;
  }
}
