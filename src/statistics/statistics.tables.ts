import type { TableDefinition } from '../platform/database/table-definition.js';

export const STATISTICS_TABLE = 'PlatformStatistics';

/**
 * PlatformStatistics holds one small row of counters per subject and period:
 *
 * | subject | period | holds |
 * |---|---|---|
 * | `ORG#<org>#INVOCATIONS` | `DAY#2026-11-20`, `TOTAL` | invocations of an organization |
 * | `ORG#<org>#AGENT#<agent_id>#INVOCATIONS` | `DAY#2026-11-20`, `TOTAL` | invocations of one agent |
 * | `ORG#<org>#AGENT#<agent_id>#INVOCATIONS` | `SLICE#2026-11-20T10:05`, `HOUR#2026-11-20T10` | buckets of its sliding windows; they expire (`window.ts`) |
 * | `ORG#<org>#AGENT#<agent_id>#ROLLOUT#<rollout_id>` | `VERSION#<label>` | runs that a rollout gave this version |
 * | `ORG#<org>#BUILDS` | `DAY#2026-11-20`, `TOTAL` | ended builds |
 * | `ORG#<org>#GAUGES` | `SHARD#0`..`SHARD#7` | what there is now; the sum over the shards |
 * | `ARCHIVE#<any of the above>` | as above | the part that comes from records deleted since |
 * | `CONTROL` | `REBUILD` | present while a rebuild pauses counting |
 *
 * The organization is part of every key, so an agent id of another organization finds nothing.
 */
export const STATISTICS_TABLES: TableDefinition[] = [
  { name: STATISTICS_TABLE, partition_key: 'subject', sort_key: 'period', ttl_attribute: 'expires_at' },
];
