import type { TableDefinition } from '../../platform/dynamodb/table-definition.js';

/**
 * One partition per organisation: `DECISION#<id>` (ids are in order of time, so newest first needs no index), `OUTCOMES`
 * (what calibration is computed from, written with each outcome in one transaction) and `COUNT#0`..`COUNT#15` (how many
 * decisions of each verdict there are; sixteen, so that decisions made at the same time rarely meet on one).
 */
export const DECISION_TABLES: TableDefinition[] = [
  { name: 'PlatformDecisions', partition_key: 'org_id', sort_key: 'item' },
];
