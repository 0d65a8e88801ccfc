import type { TableDefinition } from '../platform/database/table-definition.js';

/** Keys are strings unless `key_types` says otherwise. */
export const AGENT_TABLES: TableDefinition[] = [
  /**
   * An agent is one item collection: `AGENT`, its immutable versions `VERSION#000001`..., and `DOCUMENT#<sha256>#0000`... for
   * texts too large for a version, and `EXAMPLE#<id>` for saved examples. Another kind of item, keyed `PROJECT#<project_id>` / agent id, lists the agents of a project with consistent reads, which an index does not offer. Only
   * `AGENT` has the list keys, until deletion begins.
   */
  {
    name: 'AgentInstances',
    partition_key: 'agent_id',
    sort_key: 'item',
    indexes: [
      { name: 'OrgIndex', partition_key: 'list_org', sort_key: 'created_at' },
      { name: 'OrgStatusIndex', partition_key: 'list_org_status', sort_key: 'created_at' },
      { name: 'ProjectIndex', partition_key: 'list_project', sort_key: 'created_at' },
      { name: 'DeletionIndex', partition_key: 'deletion', sort_key: 'updated_at', projection: 'KEYS_ONLY' },
    ],
  },
];
