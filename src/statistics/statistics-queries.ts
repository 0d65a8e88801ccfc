import type { TrendDto, TrendMetric } from './dto/statistics.dto.js';
import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { NotFoundError, ValidationError } from '../shared/domain-error.js';
import { Coalescer } from '../platform/async/coalescer.js';
import {
  agentInvocationsOf,
  type CounterRow,
  buildsOf,
  dayPeriod,
  invocationsOf,
  rolloutOf,
  TOTAL,
  versionPeriod,
} from './counter-row.js';
import { CountersRepository } from './counters.repository.js';
import {
  type Overview,
  overviewKeysOf,
  overviewOf,
  type BuildDay,
  buildDay,
  type InvocationDay,
  invocationDay,
  trendValue,
  type RuntimeStats,
  type RolloutStats,
  rolloutStatsOf,
  runtimeStatsOf,
} from './statistics-view.js';
import { type Window, windowRange } from './window.js';
import { StatisticsAggregator } from './statistics-aggregator.js';

/** The requested days, as the request wrote them. */
export interface AskedDays {
  start_date?: string | undefined;
  end_date?: string | undefined;
}

export type { RolloutStats } from './statistics-view.js';

const FIRST_DAY = '0000-01-01';
const LAST_DAY = '9999-12-31';

/** Which agents there are, from the feature that owns them. */
export interface AgentDirectory {
  /** Undefined for an agent that the organization does not have. */
  findById(org_id: string, agent_id: string): Promise<object | undefined>;
}

export type Trend = TrendDto;

/**
 * Read side. Every answer costs one call to the database, whatever was invoked or built: one batch of single rows for the
 * overview, one range of day rows for the rest. Reads first wait, at most 2 seconds, for what is stored but not counted.
 */
@Injectable()
export class StatisticsQueries {
  private readonly reads = new Coalescer();
  private agents: AgentDirectory | undefined;

  constructor(
    private readonly counters: CountersRepository,
    private readonly aggregator: StatisticsAggregator,
    private readonly clock: Clock,
  ) {}

  async overview(org_id: string): Promise<Overview> {
    await this.aggregator.settle();
    return this.reads.run(org_id, () => this.readOverview(org_id));
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

  /**
   * One batch read for any number of agents; every agent asked for has an entry, with zeros when it was never invoked.
   * For read-your-writes call `StatisticsAggregator.catchUp()` first.
   */
  async runtimeStats(org_id: string, agent_ids: string[]): Promise<Map<string, RuntimeStats>> {
    const rows = await this.counters.rows(
      agent_ids.map((id) => ({ subject: agentInvocationsOf(org_id, id), period: TOTAL })),
    );
    return new Map(agent_ids.map((id, index) => [id, runtimeStatsOf(rows[index])]));
  }

  /** One batch read. An entry for each version, with zeros when it ran nothing in the rollout. */
  async rolloutStats(
    { org_id, agent_id, rollout_id }: { org_id: string; agent_id: string; rollout_id: string },
    versions: string[],
  ): Promise<RolloutStats[]> {
    const subject = rolloutOf(org_id, agent_id, rollout_id);
    const rows = await this.counters.rows(versions.map((version) => ({ subject, period: versionPeriod(version) })));
    return rows.map(rolloutStatsOf);
  }

  /** One query for each agent, with at most 169 small rows, after what this process stored is counted. */
  async buckets(org_id: string, agent_ids: string[], window: Window): Promise<Map<string, CounterRow[]>> {
    if (agent_ids.length > 0) await this.aggregator.settle();
    const { first, last } = windowRange(window, this.clock.now());
    const rows = await Promise.all(
      agent_ids.map((id) => this.counters.between(agentInvocationsOf(org_id, id), first, last)),
    );
    return new Map(agent_ids.map((id, index) => [id, rows[index] ?? []]));
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

const DAY_MS = 24 * 3600 * 1000;
/** The years that four digits and time stamps of today's programs can mean. */
const DAY = /^(19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}$/;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;

/** Days in UTC, both included. */
interface DayRange {
  start: string;
  end: string;
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/**
 * The days that a request asks for: by default the last 30 with today. A start alone asks for everything from it until today,
 * an end alone for the 30 days until it.
 * @throws ValidationError naming the field, for an invalid date or more than 366 days.
 */
export function dayRange(
  asked: { start_date?: string | undefined; end_date?: string | undefined },
  now: Date,
): DayRange {
  const today = dayOf(now);
  const end = checked('end_date', asked.end_date) ?? defaultEnd(checked('start_date', asked.start_date), today);
  const start = checked('start_date', asked.start_date) ?? shifted(end, 1 - DEFAULT_DAYS);
  if (start > end) throw ValidationError.field('start_date', 'must not be after end_date');
  if (daysBetween(start, end) > MAX_DAYS)
    throw ValidationError.field('end_date', `must be at most ${MAX_DAYS} days after start_date, both included`);
  return { start, end };
}

/** Every day of the range, in order. */
export function daysOf({ start, end }: DayRange): string[] {
  return Array.from({ length: daysBetween(start, end) }, (_, index) => shifted(start, index));
}

/** Up to today, so that a start alone asks for everything since; a start in the future asks for that day. */
function defaultEnd(start: string | undefined, today: string): string {
  return start !== undefined && start > today ? start : today;
}

function checked(field: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!DAY.test(value) || !isCalendarDay(value))
    throw ValidationError.field(field, 'must be a calendar date such as 2026-11-20, not before 1970-01-01');
  return value;
}

function isCalendarDay(value: string): boolean {
  const date = new Date(`${value}T00:00:00.000Z`);
  return !Number.isNaN(date.getTime()) && dayOf(date) === value;
}

function daysBetween(start: string, end: string): number {
  return Math.round((Date.parse(end) - Date.parse(start)) / DAY_MS) + 1;
}

function shifted(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}
