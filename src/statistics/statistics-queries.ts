import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/domain-error.js';
import { SharedReads } from '../shared/shared-reads.js';
import { agentInvocationsOf, type CounterRow, buildsOf, dayPeriod, invocationsOf } from './counter-row.js';
import { CountersRepository } from './counters.repository.js';
import { dayOf, type DayRange, dayRange, daysOf } from './day-range.js';
import { type Overview, overviewKeysOf, overviewOf } from './overview.js';
import { StatisticsAggregator } from './statistics-aggregator.js';
import { type BuildDay, buildDay, type InvocationDay, invocationDay } from './statistics-view.js';
import { type TrendMetric, trendValue } from './trend.js';

/** Days that a request asks for, as it spelled them. */
export interface AskedDays {
  start_date?: string | undefined;
  end_date?: string | undefined;
}

const FIRST_DAY = '0000-01-01';
const LAST_DAY = '9999-12-31';

/** Which agents there are, from the feature that owns them. */
export interface AgentDirectory {
  /** Undefined for an agent that the organization does not have. */
  findById(org_id: string, agent_id: string): Promise<object | undefined>;
}

export interface Trend {
  metric: TrendMetric;
  data_points: { date: string; value: number | null }[];
}

/**
 * Read side. Every answer costs one call to the database, whatever was invoked or built: one batch of single rows for the
 * overview, one range of day rows for the rest. Reads first wait, at most 2 seconds, for what is stored but not counted.
 */
@Injectable()
export class StatisticsQueries {
  private readonly reads = new SharedReads();
  private agents: AgentDirectory | undefined;

  constructor(
    private readonly counters: CountersRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
  ) {}

  async overview(org_id: string): Promise<Overview> {
    await this.aggregator.settle();
    return this.reads.read(org_id, () => this.readOverview(org_id));
  }

  private async readOverview(org_id: string): Promise<Overview> {
    const keys = overviewKeysOf(org_id, dayOf(this.clock.now()));
    const rows = await this.counters.rows([keys.builds, keys.today, ...keys.gauges]);
    const [builds, today, ...gauges] = rows;
    return overviewOf(builds, today, gauges);
  }

  /** One row per day. @throws ValidationError naming the date that is wrong. */
  async builds(org_id: string, asked: AskedDays): Promise<BuildDay[]> {
    return this.daily(buildsOf(org_id), asked, buildDay);
  }

  /** Lets queries ask whether an agent exists; to be called while modules are initialised. */
  registerAgents(agents: AgentDirectory): void {
    this.agents = agents;
  }

  /**
   * One row per day, of the organization or of one of its agents, also of one that was deleted.
   * @throws ValidationError naming the date that is wrong; NotFoundError for an agent that the organization never had
   */
  async invocations(org_id: string, asked: AskedDays & { agent_id?: string | undefined }): Promise<InvocationDay[]> {
    const { agent_id } = asked;
    if (agent_id === undefined) return this.daily(invocationsOf(org_id), asked, invocationDay);
    const days = await this.daily(agentInvocationsOf(org_id, agent_id), asked, invocationDay);
    // What was counted proves the agent: only days without invocations cost another look.
    if (days.every(({ total_invocations }) => total_invocations === 0)) await this.requireAgent(org_id, agent_id);
    return days;
  }

  private async requireAgent(org_id: string, agent_id: string): Promise<void> {
    if (await this.agents?.findById(org_id, agent_id)) return;
    const counted = await this.counters.days(agentInvocationsOf(org_id, agent_id), FIRST_DAY, LAST_DAY);
    if (counted.length === 0) throw new NotFoundError('Agent', agent_id);
  }

  async trend(org_id: string, metric: TrendMetric, asked: AskedDays): Promise<Trend> {
    const subject = metric === 'builds' ? buildsOf(org_id) : invocationsOf(org_id);
    const data_points = await this.daily(subject, asked, (date, row) => ({
      date,
      value: trendValue(metric, date, row),
    }));
    return { metric, data_points };
  }

  private async daily<T>(
    subject: string,
    asked: AskedDays,
    view: (date: string, row: CounterRow | undefined) => T,
  ): Promise<T[]> {
    const range: DayRange = dayRange(asked, this.clock.now());
    await this.aggregator.settle();
    const rows = await this.counters.days(subject, range.start, range.end);
    const byPeriod = new Map(rows.map((row) => [row.period, row]));
    return daysOf(range).map((date) => view(date, byPeriod.get(dayPeriod(date))));
  }
}
