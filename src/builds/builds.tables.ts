import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * AgentBuilds: one item for each build attempt, with the lease of the process that runs it. `ProjectIndex` finds them
 * for the deletion of their project. `QueueIndex` is sparse: only builds that wait (`QUEUED`) or run (`RUNNING`) are in
 * it, ordered by priority and age. `UncountedIndex` is sparse too: ended builds that the statistics have not counted yet.
 */
export const BUILD_TABLES: TableDefinition[] = [
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
