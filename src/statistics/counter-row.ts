/** What an organization has now, updated in the same transaction as the change. */
export type GaugeName =
  | 'agents_running'
  | 'agents_building'
  | 'agents_offline'
  | 'agents_error'
  /** Grows only: builds that were ever started, running ones among them. */
  | 'builds_started';

export type GaugeChanges = Partial<Record<GaugeName, number>>;

/** Key of a row of PlatformStatistics; its layout is in `statistics.tables.ts`. */
export interface CounterKey {
  subject: string;
  period: string;
}

/** A row as stored: its key and top-level numbers, and `last_invoked_at` in the total of an agent. */
export type CounterRow = CounterKey & Record<string, string | number>;

/** Stored as a maximum, not as a count: a recount does not compare it. */
export const LONGEST = 'longest_us';

/** What to add to a row; attributes that are not there yet count as 0. */
export interface RowChange extends CounterKey {
  amounts: Record<string, number>;
  /** The row's `last_invoked_at` is at least this afterwards. */
  last_invoked_at?: string;
  /** The row's `longest_us` is at least this afterwards: it bounds the percentiles. Rows of 1.0.0 have none. */
  longest_us?: number;
}

export const TOTAL = 'TOTAL';
export const GAUGE_SHARDS = 8;
const ARCHIVE = 'ARCHIVE#';

export const invocationsOf = (org_id: string): string => `ORG#${org_id}#INVOCATIONS`;
export const agentInvocationsOf = (org_id: string, agent_id: string): string =>
  `ORG#${org_id}#AGENT#${agent_id}#INVOCATIONS`;
/** One row for each of the two versions; see {@link versionPeriod}. */
export const rolloutOf = (org_id: string, agent_id: string, rollout_id: string): string =>
  `ORG#${org_id}#AGENT#${agent_id}#ROLLOUT#${rollout_id}`;
export const buildsOf = (org_id: string): string => `ORG#${org_id}#BUILDS`;
export const gaugesOf = (org_id: string): string => `ORG#${org_id}#GAUGES`;
export const dayPeriod = (day: string): string => `DAY#${day}`;
export const versionPeriod = (version: string): string => `VERSION#${version}`;
export const shardPeriod = (shard: number): string => `SHARD#${shard}`;

export const rowName = ({ subject, period }: CounterKey): string => `${subject}|${period}`;
export const isArchived = ({ subject }: CounterKey): boolean => subject.startsWith(ARCHIVE);
export const isGauges = ({ subject }: CounterKey): boolean => subject.endsWith('#GAUGES');

export function archived({ subject, period, amounts }: RowChange): RowChange {
  return { subject: ARCHIVE + subject, period, amounts };
}

/** The row that an archive row was taken from. */
export function unarchived<T extends CounterKey>(row: T): T {
  return { ...row, subject: row.subject.slice(ARCHIVE.length) };
}

/** A number of a row, 0 where row or attribute are missing. */
export function amount(row: CounterRow | undefined, attribute: string): number {
  const value = row?.[attribute];
  return typeof value === 'number' ? value : 0;
}

/** `changes` counts the adjustments, so that a recount notices even those that cancel each other out. */
export function gaugeRow(org_id: string, shard: number, changes: GaugeChanges): RowChange {
  return { subject: gaugesOf(org_id), period: shardPeriod(shard), amounts: { ...changes, changes: 1 } };
}

/** Adds up changes row by row, without modifying its inputs. */
export class CounterSheet {
  private readonly rows = new Map<string, RowChange>();

  constructor(changes: Iterable<RowChange> = []) {
    for (const change of changes) this.add(change);
  }

  add(change: RowChange): void {
    const name = rowName(change);
    const row = this.rows.get(name);
    if (row) addTo(row, change);
    else this.rows.set(name, { ...change, amounts: { ...change.amounts } });
  }

  changes(): RowChange[] {
    return [...this.rows.values()];
  }
}

function addTo(row: RowChange, { amounts, last_invoked_at = '', longest_us = -1 }: RowChange): void {
  for (const attribute of Object.keys(amounts))
    row.amounts[attribute] = (row.amounts[attribute] ?? 0) + (amounts[attribute] ?? 0);
  if (last_invoked_at > (row.last_invoked_at ?? '')) row.last_invoked_at = last_invoked_at;
  if (longest_us > (row.longest_us ?? -1)) row.longest_us = longest_us;
}
