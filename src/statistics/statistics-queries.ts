import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
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

  /** One row per day, of the organisation or of one of its agents. An agent that it does not have has zeros. */
  async invocations(org_id: string, asked: AskedDays & { agent_id?: string | undefined }): Promise<InvocationDay[]> {
    const subject = asked.agent_id === undefined ? invocationsOf(org_id) : agentInvocationsOf(org_id, asked.agent_id);
    return this.daily(subject, asked, invocationDay);
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
