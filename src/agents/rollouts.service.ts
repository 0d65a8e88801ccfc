import { Injectable } from '@nestjs/common';
import { Runtimes } from '../runtimes/observed-runtimes.js';
import { Clock } from '../shared/clock.js';
import { ValidationError } from '../shared/domain-error.js';
import { Ids } from '../shared/ids.js';
import { StatisticsAggregator } from '../statistics/statistics-aggregator.js';
import { type RolloutStats, StatisticsQueries } from '../statistics/statistics-queries.js';
import { type Agent, type Rollout, stopped } from './agent.js';
import { AgentRevisionError, RolloutNotFoundError, RolloutRunsError } from './agents.errors.js';
import { AgentsService, pointedTo } from './agents.service.js';
import type { SetRolloutDto } from './dto/rollout.dto.js';

/** The last rollout of an agent, with what its two versions did in it. */
export interface ObservedRollout {
  agent: Agent;
  rollout: Rollout;
  current: RolloutStats;
  candidate: RolloutStats;
}

/**
 * Rollouts: a candidate version answers a share of an agent's sessions until it is promoted or the rollout is stopped. The rollout is part of
 * the agent's record, so that a run learns of it without another read; see `AgentsService.getRunnable`.
 */
@Injectable()
export class RolloutsService {
  constructor(
    private readonly agents: AgentsService,
    private readonly runtimes: Runtimes,
    private readonly statistics: StatisticsQueries,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The figures include all runs that ended before the call. @throws AgentNotFoundError, RolloutNotFoundError if there never was one */
  async get(org_id: string, agent_id: string): Promise<ObservedRollout> {
    return this.observed(await this.agents.get(org_id, agent_id));
  }

  /**
   * Starts a rollout, or changes the share of the one that runs.
   * @throws AgentNotFoundError, AgentVersionNotFoundError; AgentRevisionError; RolloutRunsError while another version is rolled out;
   * ValidationError for the current version, for one that cannot run, and for an agent that runs in a container
   */
  async set(
    { org_id, user_id }: { org_id: string; user_id: string },
    agent_id: string,
    { version, percent, revision }: SetRolloutDto,
  ): Promise<ObservedRollout> {
    const agent = await this.agents.change(org_id, agent_id, async (before) => {
      assertRevision(before, revision);
      const { rollout } = before;
      const at = this.clock.timestamp();
      if (rollout?.status === 'running') {
        if (rollout.version !== version) throw new RolloutRunsError(agent_id, rollout.version);
        return { agent: { ...before, rollout: { ...rollout, percent, updated_at: at } } };
      }
      const { version_number } = await this.candidate(before, version);
      const started: Rollout = {
        rollout_id: this.ids.next('roll'),
        status: 'running',
        ...{ version, version_number, base_version: before.version, percent },
        ...{ started_by: user_id, started_at: at, updated_at: at, ended_at: null },
      };
      return { agent: { ...before, rollout: started } };
    });
    return this.observed(agent);
  }

  /** All sessions run the current version again. @throws AgentNotFoundError, RolloutNotFoundError when none runs */
  async stop(org_id: string, agent_id: string): Promise<ObservedRollout> {
    const agent = await this.agents.change(org_id, agent_id, async (before) => {
      runningOf(before);
      return { agent: { ...before, ...stopped(before, this.clock.timestamp()) } };
    });
    return this.observed(agent);
  }

  /**
   * Makes the candidate the current version, which ends the rollout.
   * @throws AgentNotFoundError; AgentRevisionError; RolloutNotFoundError when none runs
   */
  async promote(org_id: string, agent_id: string, revision?: number): Promise<ObservedRollout> {
    const agent = await this.agents.change(org_id, agent_id, async (before) => {
      assertRevision(before, revision);
      const { version } = runningOf(before);
      return { agent: pointedTo(before, await this.agents.labelled(before, version)) };
    });
    return this.observed(agent);
  }

  /** A version that can run beside the current one. */
  private async candidate(agent: Agent, label: string): Promise<{ version_number: number }> {
    if (agent.runtime !== 'local')
      throw ValidationError.field('version', 'cannot be rolled out on an agent that runs in a container');
    const { definition, version_number } = await this.agents.labelled(agent, label);
    if (version_number === agent.version_number)
      throw ValidationError.field('version', `must differ from the current version, ${agent.version}`);
    try {
      await this.runtimes.get('local').deploy(agent.agent_id, definition);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      throw ValidationError.field('version', `cannot run: ${error.message}`);
    }
    return { version_number };
  }

  private async observed(agent: Agent): Promise<ObservedRollout> {
    const { rollout, org_id, agent_id } = agent;
    if (!rollout) throw new RolloutNotFoundError(agent_id);
    const { rollout_id, version, base_version } = rollout;
    await this.aggregator.settle();
    const asked = { org_id, agent_id, rollout_id };
    const [current, candidate] = await this.statistics.rolloutStats(asked, [base_version, version]);
    if (!current || !candidate) throw new RangeError('figures for each version');
    return { agent, rollout, current, candidate };
  }
}

/** @throws AgentRevisionError */
function assertRevision({ agent_id, revision }: Agent, asked: number | undefined): void {
  if (asked !== undefined && asked !== revision) throw new AgentRevisionError(agent_id, revision);
}

function runningOf({ agent_id, rollout }: Agent): Rollout {
  if (rollout?.status !== 'running') throw new RolloutNotFoundError(agent_id);
  return rollout;
}
