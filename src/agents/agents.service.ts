import { Injectable } from '@nestjs/common';
import { ModelsService } from '../models/models.service.js';
import type { TransactItem } from '../platform/dynamodb/dynamodb.js';
import { Clock } from '../shared/clock.js';
import type { Page } from '../shared/page.js';
import type { GaugeName } from '../statistics/gauge.js';
import { StatisticsGauges } from '../statistics/statistics-gauges.js';
import {
  ableBy,
  type Agent,
  type AgentChanges,
  agentIdOf,
  type AgentStatus,
  type AgentVersion,
  gaugeOf,
  registered,
  type Registration,
} from './agent.js';
import { AgentDeletionService, type DeletedUnderAgents } from './agent-deletion.service.js';
import { AgentChangedError, AgentNotFoundError, AgentVersionNotFoundError } from './agents.errors.js';
import { type AgentFilter, AgentsRepository } from './agents.repository.js';

const ATTEMPTS = 10;
/** Versions looked through for a label that a rollback names. */
const VERSIONS_LIMIT = 100;

/** The registry: agents, their versions and their state. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly repository: AgentsRepository,
    private readonly deletion: AgentDeletionService,
    private readonly gauges: StatisticsGauges,
    private readonly models: ModelsService,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes an agent live, or gives an existing one its next version. Doing it again for the same build changes nothing.
   * @param guard conditions of the caller that must hold in the same transaction.
   * @throws AgentChangedError when the guard does not hold or someone else registers the same agent at this moment.
   */
  async register(input: Registration, guard: TransactItem[] = []): Promise<Agent> {
    const existing = await this.repository.findById(input.org_id, agentIdOf(input.project_id, input.agent_name));
    if (existing?.build_id === input.build_id) return existing;
    const { agent, version } = registered(input, existing, this.clock.timestamp());
    await this.repository.save(
      existing,
      agent,
      [...guard, ...this.moved(input.org_id, existing?.status, 'running')],
      version,
    );
    return agent;
  }

  /** @throws AgentNotFoundError also when the agent belongs to another organisation. */
  async get(org_id: string, agent_id: string): Promise<Agent> {
    const agent = await this.repository.findById(org_id, agent_id);
    if (!agent) throw new AgentNotFoundError(agent_id);
    return agent;
  }

  list(
    org_id: string,
    filter: AgentFilter,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<Agent>> {
    return this.repository.list(org_id, filter, page);
  }

  /** @throws ValidationError for a model that no provider serves. */
  async update(org_id: string, agent_id: string, changes: AgentChanges): Promise<Agent> {
    if (changes.model_id) this.models.describe(changes.model_id);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<Agent>;
    const model = changes.model_id === undefined ? {} : { model_id: changes.model_id || null };
    return this.change(org_id, agent_id, (agent) => ({ ...agent, ...given, ...model }));
  }

  /** The id of the model that the agent runs on now. It may name one that is not set up any more. */
  modelOf({ model_id, supported_models }: Agent): string {
    return model_id ?? supported_models[0] ?? this.models.describe().id;
  }

  /** Any state may follow any other: an operator takes an agent offline, brings it back, or marks it as broken. */
  async setStatus(
    org_id: string,
    agent_id: string,
    status: AgentStatus,
    error_message: string | undefined,
  ): Promise<Agent> {
    return this.change(org_id, agent_id, (agent) => ({ ...agent, status, error_message: error_message ?? null }));
  }

  async listVersions(
    org_id: string,
    agent_id: string,
    page: { limit: number; last_key?: string | undefined },
  ): Promise<Page<AgentVersion>> {
    await this.get(org_id, agent_id);
    return this.repository.listVersions(org_id, agent_id, page);
  }

  /** Points the agent to a version that it had before. @throws AgentVersionNotFoundError */
  async rollback(org_id: string, agent_id: string, label: string): Promise<Agent> {
    const { items } = await this.listVersions(org_id, agent_id, { limit: VERSIONS_LIMIT });
    const target = items.find(({ version }) => version === label);
    if (!target) throw new AgentVersionNotFoundError(agent_id, label);
    const { version, version_number, definition } = target;
    const able = ableBy(definition);
    return this.change(org_id, agent_id, (agent) => ({ ...agent, version, version_number, ...able }));
  }

  /** What the agent runs now. A version never changes. @throws AgentVersionNotFoundError */
  async version(agent: Agent): Promise<AgentVersion> {
    const version = await this.repository.findVersion(agent.agent_id, agent.version_number);
    if (!version) throw new AgentVersionNotFoundError(agent.agent_id, agent.version);
    return version;
  }

  /** @throws AgentNotFoundError also for a second deletion of the same agent. */
  delete(org_id: string, agent_id: string): Promise<DeletedUnderAgents> {
    return this.deletion.delete(org_id, agent_id);
  }

  /** Every agent of a project with what is under it; safe to repeat after a crash. */
  deleteByProject(org_id: string, project_id: string): Promise<DeletedUnderAgents> {
    return this.deletion.deleteByProject(org_id, project_id);
  }

  private async change(org_id: string, agent_id: string, changed: (agent: Agent) => Agent): Promise<Agent> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.get(org_id, agent_id);
      const agent = { ...changed(before), updated_at: this.clock.timestamp(), revision: before.revision + 1 };
      try {
        await this.repository.save(before, agent, this.moved(org_id, before.status, agent.status));
        return agent;
      } catch (error) {
        if (!(error instanceof AgentChangedError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private moved(org_id: string, from: AgentStatus | undefined, to: AgentStatus): TransactItem[] {
    if (from === to) return [];
    const changes: Partial<Record<GaugeName, number>> = { [gaugeOf(to)]: 1, ...(from ? { [gaugeOf(from)]: -1 } : {}) };
    return [this.gauges.adjust(org_id, changes)];
  }
}
