import type { TableDefinition } from '../../platform/dynamodb/table-definition.js';

/**
 * Append only: nothing updates or deletes an entry but its age (90 days). `entry` is `<at>#<entry_id>`, so that a query by
 * time needs no index; the two indexes serve the filters of `GET /audit`.
 */
export const AUDIT_TABLES: TableDefinition[] = [
  {
    name: 'PlatformAudit',
    partition_key: 'org_id',
    sort_key: 'entry',
    indexes: [
      { name: 'ActorIndex', partition_key: 'org_actor', sort_key: 'entry' },
      { name: 'ActionIndex', partition_key: 'org_action', sort_key: 'entry' },
    ],
    ttl_attribute: 'expires_at',
  },
];
