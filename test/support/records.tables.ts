import type { TableDefinition } from '../../src/platform/database/table-definition.js';

/** A small table with every feature that the platform uses: sort key, sparse and numeric index, expiry. */
export const RECORD_TABLES: TableDefinition[] = [
  {
    name: 'Records',
    partition_key: 'id',
    sort_key: 'part',
    key_types: { weight: 'N' },
    indexes: [
      { name: 'GroupIndex', partition_key: 'group', sort_key: 'created_at' },
      { name: 'WeightIndex', partition_key: 'group', sort_key: 'weight', projection: 'KEYS_ONLY' },
    ],
    ttl_attribute: 'expires_at',
  },
  { name: 'Counters', partition_key: 'name' },
];
