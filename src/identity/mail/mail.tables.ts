import type { TableDefinition } from '../../platform/dynamodb/table-definition.js';

export const MAIL_TABLE = 'PlatformMails';

/** Mails to owners of accounts, and the proofs that they carry. `DueIndex` is sparse: what is still to be sent. */
export const MAIL_TABLES: TableDefinition[] = [
  {
    name: MAIL_TABLE,
    partition_key: 'mail_id',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
];
