import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * AgentProjects stores a whole project in one item collection: `PROJECT`, `STAGE#1`..`STAGE#6` and its build events
 * `EVENT#00000001`.. (sorted before `PROJECT`, so one query from `PROJECT` on reads project and stages without events).
 * Only the `PROJECT` item has index keys. They are removed when deletion begins, so lists never show a project being deleted.
 */
export const PROJECT_TABLES: TableDefinition[] = [
  {
    name: 'AgentProjects',
    partition_key: 'project_id',
    sort_key: 'item',
    indexes: [
      { name: 'OrgIndex', partition_key: 'list_org', sort_key: 'created_at' },
      { name: 'OrgStatusIndex', partition_key: 'list_org_status', sort_key: 'created_at' },
      { name: 'OrgUserIndex', partition_key: 'list_org_user', sort_key: 'created_at' },
      { name: 'DeletionIndex', partition_key: 'deletion', sort_key: 'updated_at', projection: 'KEYS_ONLY' },
    ],
  },
  { name: 'AgentArtifacts', partition_key: 'project_id', sort_key: 'path' },
  /**
   * AgentBuilds: one item for each build attempt. `ProjectIndex` finds them for the deletion of their project.
   * `UncountedIndex` is sparse: ended builds that the statistics have not counted yet. `QueueIndex` holds the queue of version
   * 1.0.0, which the engine takes over.
   */
  {
    name: 'AgentBuilds',
    partition_key: 'build_id',
    indexes: [
      { name: 'ProjectIndex', partition_key: 'project_id', sort_key: 'created_at' },
      { name: 'QueueIndex', partition_key: 'queue', sort_key: 'queue_order' },
      { name: 'UncountedIndex', partition_key: 'uncounted', sort_key: 'ended_at' },
    ],
  },
];
