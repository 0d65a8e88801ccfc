import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * A tool stands twice under its id: under `ORG#<org>` for reading and listing, newest first, because ids grow with time; and
 * under `PROJECT#<org>#<project>`, where a run finds with one query what its project and agent have. Beside the latter
 * `NAME#<name>` keeps names unique. Tools never change, so the two cannot differ.
 */
export const ATTACHED_TOOL_TABLES: TableDefinition[] = [
  { name: 'PlatformTools', partition_key: 'owner', sort_key: 'item' },
];

/** A credential stands under `ORG#<org>` by its id; a person on the way through an authorization under `STATE#<hash>`. */
export const CREDENTIAL_TABLES: TableDefinition[] = [
  { name: 'PlatformCredentials', partition_key: 'owner', sort_key: 'item', ttl_attribute: 'expires_at' },
];
