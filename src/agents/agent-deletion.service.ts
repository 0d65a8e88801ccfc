import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Runtimes } from '../runtimes/observed-runtimes.js';
import { retryOn } from '../platform/async/retry.js';
import { Clock } from '../shared/clock.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { AttachedToolStore } from '../tools/attachments/attached-tool-store.js';
import { type Agent, deploymentOf, gaugeOf } from './agent.js';
import { AgentChangedError, AgentNotFoundError } from './agents.errors.js';
import { AgentsRepository } from './agents.repository.js';
import type { DeletedUnderAgentDto } from './dto/agent.dto.js';

/** Records that a higher floor stores under agents. Its module registers them with {@link AgentDeletionService}. */
export abstract class AgentRecords {
  /**
   * Deletes what is stored under an agent that is marked as deleted, and references to it. Runs again after a crash.
   * @returns how many records were deleted, by kind.
   */
  abstract deleteByAgent(
    agent: Pick<Agent, 'org_id' | 'project_id' | 'agent_id'>,
  ): Promise<Partial<DeletedUnderAgentDto>>;
}

/**
 * Deletes agents with everything under them. Marks the agent first, which makes it 404 and stops new records. Then deletes
 * its deployment, its records and its tools, and the marked item last. The next start continues an interrupted deletion.
 */
@Injectable()
export class AgentDeletionService implements OnApplicationBootstrap {
  private readonly logger = new Logger(AgentDeletionService.name);
  private readonly records: AgentRecords[] = [];

  constructor(
    private readonly repository: AgentsRepository,
    private readonly tools: AttachedToolStore,
    private readonly gauges: StatisticsGauges,
    private readonly runtimes: Runtimes,
    private readonly clock: Clock,
  ) {}

  /** Called by modules while they start. Records must not rely on the order in which they are deleted. */
  register(records: AgentRecords): void {
    this.records.push(records);
  }

  onApplicationBootstrap(): void {
    this.finishInterrupted().catch((error: unknown) => {
      this.logger.error({
        msg: 'interrupted deletions could not be resumed; the next start retries',
        err: error,
      });
    });
  }

  /** @throws AgentNotFoundError also for a second deletion of the same agent. */
  async delete(org_id: string, agent_id: string): Promise<DeletedUnderAgentDto> {
    if (!(await this.mark(org_id, agent_id))) throw new AgentNotFoundError(agent_id);
    return this.finish(agent_id);
  }

  /** Deletes every agent of a project. Safe to repeat after a crash. */
  async deleteByProject(org_id: string, project_id: string): Promise<DeletedUnderAgentDto> {
    let sum = NOTHING;
    for (const agent_id of await this.repository.idsByProject(project_id)) {
      await this.mark(org_id, agent_id);
      sum = added(sum, await this.finish(agent_id, project_id));
    }
    return sum;
  }

  /** Deletes every agent of an organization, also those whose deletion was interrupted. */
  async deleteByOrg(org_id: string): Promise<void> {
    for await (const agent_id of this.repository.idsByOrg(org_id))
      if (await this.mark(org_id, agent_id)) await this.finish(agent_id);
    for await (const agent_id of this.repository.marked())
      if ((await this.repository.read(agent_id))?.org_id === org_id) await this.finish(agent_id);
  }

  /** @returns false when the agent does not exist or is already marked. */
  private async mark(org_id: string, agent_id: string): Promise<boolean> {
    return retryOn(AgentChangedError, async () => {
      const agent = await this.repository.findById(org_id, agent_id);
      if (!agent) return false;
      const gauge = this.gauges.adjust(org_id, { [gaugeOf(agent.status)]: -1 });
      await this.repository.mark(agent, this.clock.timestamp(), [gauge]);
      return true;
    });
  }

  /** @param project_id deletes also what an interrupted registration has left of an agent of this project */
  private async finish(agent_id: string, project_id?: string): Promise<DeletedUnderAgentDto> {
    const agent = await this.repository.read(agent_id);
    if (!agent && project_id !== undefined) await this.repository.deleteItems({ agent_id, project_id });
    if (!agent) return NOTHING;
    await this.runtimes.get(agent.runtime).undeploy(agent_id, deploymentOf(agent));
    let deleted: DeletedUnderAgentDto = { ...NOTHING, agents: 1 };
    for (const records of this.records) deleted = added(deleted, await records.deleteByAgent(agent));
    await this.tools.deleteByAgent(agent.org_id, agent.project_id, agent_id);
    await this.repository.deleteItems(agent);
    return deleted;
  }

  private async finishInterrupted(): Promise<void> {
    for await (const agent_id of this.repository.marked()) await this.finish(agent_id);
  }
}

const NOTHING: Readonly<DeletedUnderAgentDto> = { agents: 0, invocations: 0, sessions: 0, messages: 0 };

function added(one: DeletedUnderAgentDto, other: Partial<DeletedUnderAgentDto>): DeletedUnderAgentDto {
  const { agents = 0, invocations = 0, sessions = 0, messages = 0 } = other;
  return {
    agents: one.agents + agents,
    invocations: one.invocations + invocations,
    sessions: one.sessions + sessions,
    messages: one.messages + messages,
  };
}
