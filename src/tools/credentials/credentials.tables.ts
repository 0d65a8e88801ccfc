import type { TableDefinition } from '../../platform/database/table-definition.js';

/** A credential stands under `ORG#<org>` by its id; a person on the way through an authorization under `STATE#<hash>`. */
export const CREDENTIAL_TABLES: TableDefinition[] = [
  { name: 'PlatformCredentials', partition_key: 'owner', sort_key: 'item', ttl_attribute: 'expires_at' },
];
