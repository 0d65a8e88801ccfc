import type { TableDefinition } from '../../platform/database/table-definition.js';

/**
 * One partition per organization: `DECISION#<id>` (ids sort by time, so newest first needs no index), `OUTCOMES` (the sums that
 * calibration is computed from, written in the transaction of each outcome) and `COUNT#0`..`COUNT#15` (the number of decisions
 * by verdict; sixteen items, so that concurrent decisions rarely write the same one).
 */
export const DECISION_TABLES: TableDefinition[] = [
  { name: 'PlatformDecisions', partition_key: 'org_id', sort_key: 'item' },
];
