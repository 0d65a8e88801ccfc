import type { TableDefinition } from '../../database/table-definition.js';

/** PlatformIdempotency: what was answered to a key, for 24 hours. The organization, the user and the route are in the key. */
export const IDEMPOTENCY_TABLES: TableDefinition[] = [
  { name: 'PlatformIdempotency', partition_key: 'request_key', ttl_attribute: 'expires_at' },
];
