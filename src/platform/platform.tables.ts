import type { TableDefinition } from './database/table-definition.js';

export const EVENT_TABLES: TableDefinition[] = [
  /**
   * Events that wait for the flows that they start, in a few partitions. An event is stored in the transaction of what happened and
   * deleted when its runs are stored. Events not handled within seven days expire.
   */
  {
    name: 'PlatformEvents',
    partition_key: 'lane',
    sort_key: 'event_key',
    ttl_attribute: 'expires_at',
  },
];

/** PlatformIdempotency: what was answered to a key, for 24 hours. The organization, the user and the route are in the key. */
export const IDEMPOTENCY_TABLES: TableDefinition[] = [
  { name: 'PlatformIdempotency', partition_key: 'request_key', ttl_attribute: 'expires_at' },
];
