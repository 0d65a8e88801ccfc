import { Injectable } from '@nestjs/common';
import { StatisticsQueries } from '../statistics/statistics-queries.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import type { Agent } from './agent.js';
import { AgentsService } from './agents.service.js';
import type { AgentDto } from './dto/agent.dto.js';

/** Agents with their counters: one batch read for any number of them. */
@Injectable()
export class AgentViewService {
  constructor(
    private readonly statistics: StatisticsQueries,
    private readonly aggregator: StatisticsAggregator,
    private readonly agents: AgentsService,
  ) {}

  async one(agent: Agent): Promise<AgentDto> {
    const [view] = await this.many(agent.org_id, [agent]);
    if (!view) throw new RangeError('a view for each agent');
    return view;
  }

  /** The counters include all runs that ended before the call. */
  async many(org_id: string, agents: Agent[]): Promise<AgentDto[]> {
    if (agents.length === 0) return [];
    await this.aggregator.settle();
    const stats = await this.statistics.runtimeStats(
      org_id,
      agents.map(({ agent_id }) => agent_id),
    );
    return agents.flatMap((agent) => {
      const runtime_stats = stats.get(agent.agent_id);
      return runtime_stats ? [{ ...agentFields(agent, this.agents.modelOf(agent)), runtime_stats }] : [];
    });
  }
}

function shareOf({ rollout }: Agent): AgentDto['rollout'] {
  if (rollout?.status !== 'running') return null;
  const { rollout_id, version, percent } = rollout;
  return { rollout_id, version, percent };
}

function agentFields(agent: Agent, model: string): Omit<AgentDto, 'runtime_stats'> {
  const { agent_id, agent_name, project_id, description, category, version, revision, status } = agent;
  const {
    capabilities,
    tools,
    coverage,
    model_id,
    supported_inputs,
    tags,
    runtime,
    agentcore_config,
    region,
    endpoint_url,
    error_message,
  } = agent;
  const { created_at, updated_at, deployed_at, requires_approval = [], output_schema = null } = agent;
  return {
    agent_id,
    agent_name,
    project_id,
    description,
    category,
    version,
    rollout: shareOf(agent),
    revision,
    status,
    capabilities,
    tools,
    supported_models: [model],
    model_id: model_id ?? null,
    coverage: coverage ?? null,
    requires_approval,
    output_schema,
    supported_inputs,
    tags,
    runtime,
    agentcore_config,
    region,
    endpoint_url: endpoint_url ?? null,
    error_message,
    created_at,
    updated_at,
    deployed_at,
  };
}
