import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Runtimes } from '../runtimes/runtimes.js';
import { Clock } from '../shared/clock.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import { type Agent, deploymentOf, gaugeOf } from './agent.js';
import { AgentRecordsDeletion } from './agent-records-deletion.js';
import { AgentChangedError, AgentNotFoundError } from './agents.errors.js';
import { AgentsRepository } from './agents.repository.js';
import { WebhookDeliveriesRepository } from './webhooks/webhook-deliveries.repository.js';

export interface DeletedUnderAgents {
  agents: number;
  invocations: number;
  sessions: number;
  messages: number;
}

export type ForgetAgent = (agent: Pick<Agent, 'org_id' | 'project_id' | 'agent_id'>) => Promise<void>;

const ATTEMPTS = 10;

/**
 * Deletes agents with everything under them: marked first, which makes them 404 and stops new records, then their
 * deployment, invocations, sessions and messages, the marked item last. A start continues what a crash interrupted.
 */
@Injectable()
export class AgentDeletionService implements OnApplicationBootstrap {
  private readonly logger = new Logger(AgentDeletionService.name);
  private readonly forgetting: ForgetAgent[] = [];

  constructor(
    private readonly repository: AgentsRepository,
    private readonly records: AgentRecordsDeletion,
    private readonly gauges: StatisticsGauges,
    private readonly runtimes: Runtimes,
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.finishInterrupted().catch((error: unknown) => {
      this.logger.error({
        msg: 'interrupted deletions could not be continued, the next start tries again',
        err: error,
      });
    });
  }

  whenDeleting(forget: ForgetAgent): void {
    this.forgetting.push(forget);
  }

  async delete(org_id: string, agent_id: string): Promise<DeletedUnderAgents> {
    if (!(await this.mark(org_id, agent_id))) throw new AgentNotFoundError(agent_id);
    return this.finish(agent_id);
  }

  async deleteByProject(org_id: string, project_id: string): Promise<DeletedUnderAgents> {
    const sum: DeletedUnderAgents = { agents: 0, invocations: 0, sessions: 0, messages: 0 };
    for (const agent_id of await this.repository.idsByProject(project_id)) {
      await this.mark(org_id, agent_id);
      const deleted = await this.finish(agent_id);
      for (const kind of ['agents', 'invocations', 'sessions', 'messages'] as const) sum[kind] += deleted[kind];
    }
    return sum;
  }

  /** Every agent of an organization with its webhook deliveries, also those whose deletion was interrupted. */
  async deleteByOrg(org_id: string): Promise<void> {
    for await (const agent_id of this.repository.idsByOrg(org_id))
      if (await this.mark(org_id, agent_id)) await this.finish(agent_id);
    for await (const agent_id of this.repository.marked())
      if ((await this.repository.read(agent_id))?.org_id === org_id) await this.finish(agent_id);
    await this.deliveries.deleteByOrg(org_id);
  }

  /** @returns false when there is no such agent, or it is marked already. */
  private async mark(org_id: string, agent_id: string): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const agent = await this.repository.findById(org_id, agent_id);
      if (!agent) return false;
      try {
        await this.repository.mark(agent, this.clock.timestamp(), [
          this.gauges.adjust(org_id, { [gaugeOf(agent.status)]: -1 }),
        ]);
        return true;
      } catch (error) {
        if (!(error instanceof AgentChangedError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async finish(agent_id: string): Promise<DeletedUnderAgents> {
    const agent = await this.repository.read(agent_id);
    if (!agent) return { agents: 0, invocations: 0, sessions: 0, messages: 0 };
    for (const forget of this.forgetting) await forget(agent);
    await this.runtimes.get(agent.runtime).undeploy(agent_id, deploymentOf(agent));
    const children = await this.records.deleteUnder(agent);
    await this.repository.deleteItems(agent);
    return { agents: 1, ...children };
  }

  private async finishInterrupted(): Promise<void> {
    for await (const agent_id of this.repository.marked()) await this.finish(agent_id);
  }
}
