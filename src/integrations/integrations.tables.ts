import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * An integration stands under `ORG#<org>` by its id, so a query lists them newest first. Everything else of it is one item
 * collection, `INTEGRATION#<org>#<id>`: versions `VERSION#000001`..., and the parts of their documents and catalogues,
 * `DATA#000001#catalogue#0000`...
 */
export const INTEGRATION_TABLES: TableDefinition[] = [
  { name: 'PlatformIntegrations', partition_key: 'owner', sort_key: 'item' },
];
