import {
  amount,
  buildsOf,
  type CounterKey,
  type CounterRow,
  dayPeriod,
  GAUGE_SHARDS,
  gaugesOf,
  invocationsOf,
  shardPeriod,
  TOTAL,
} from './counter-row.js';
import type { GaugeName } from './gauge.js';
import { averageSuccessMinutes, successRate } from './statistics-view.js';

/** What an organisation sees first. Rates and averages are null while there is nothing to take them of. */
export interface Overview {
  total_agents: number;
  running_agents: number;
  building_agents: number;
  offline_agents: number;
  total_builds: number;
  successful_builds: number;
  failed_builds: number;
  success_rate: number | null;
  avg_build_time_minutes: number | null;
  today_calls: number;
  today_success_rate: number | null;
  today_tokens: number;
}

type MaybeRow = CounterRow | undefined;

/** The few rows that an overview is made of. */
export function overviewKeysOf(
  org_id: string,
  today: string,
): { builds: CounterKey; today: CounterKey; gauges: CounterKey[] } {
  return {
    builds: { subject: buildsOf(org_id), period: TOTAL },
    today: { subject: invocationsOf(org_id), period: dayPeriod(today) },
    gauges: Array.from({ length: GAUGE_SHARDS }, (_, shard) => ({
      subject: gaugesOf(org_id),
      period: shardPeriod(shard),
    })),
  };
}

/** Agents in error belong to the total only. A build still running belongs to `total_builds` and to neither outcome. */
export function overviewOf(builds: MaybeRow, today: MaybeRow, gauges: MaybeRow[]): Overview {
  const gauge = (name: GaugeName): number => gauges.reduce((sum, row) => sum + amount(row, name), 0);
  const [running_agents, building_agents, offline_agents] = [
    gauge('agents_running'),
    gauge('agents_building'),
    gauge('agents_offline'),
  ];
  return {
    total_agents: running_agents + building_agents + offline_agents + gauge('agents_error'),
    running_agents,
    building_agents,
    offline_agents,
    total_builds: gauge('builds_started'),
    successful_builds: amount(builds, 'successful'),
    failed_builds: amount(builds, 'failed'),
    success_rate: successRate(builds),
    avg_build_time_minutes: averageSuccessMinutes(builds),
    today_calls: amount(today, 'total'),
    today_success_rate: successRate(today),
    today_tokens: amount(today, 'input_tokens') + amount(today, 'output_tokens'),
  };
}
