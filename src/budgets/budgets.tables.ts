import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * | pk | sk | record |
 * | --- | --- | --- |
 * | `ORG#<org_id>` | `BUDGET#<scope>#<scope_id>` | a budget |
 * | `ORG#<org_id>` | `SPENT#<scope>#<scope_id>#<window>#<period>` | what was spent and is held in one window (expires) |
 * | `NOTICE#<notice_id>` | `NOTICE` | a threshold to report to a webhook (expires) |
 */
export const BUDGETS_TABLE = 'PlatformBudgets';

export const BUDGET_TABLES: TableDefinition[] = [
  { name: BUDGETS_TABLE, partition_key: 'pk', sort_key: 'sk', ttl_attribute: 'expires_at' },
];
