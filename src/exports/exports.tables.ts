import type { TableDefinition } from '../platform/database/table-definition.js';

/** Imports of packages that have not ended, each with what it has made so far. */
export const EXPORT_TABLES: TableDefinition[] = [{ name: 'PackageImports', partition_key: 'import_id' }];
