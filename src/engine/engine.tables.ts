import type { TableDefinition } from '../platform/database/table-definition.js';

/**
 * DurableRuns: one item for each run that has not ended. `QueueIndex` holds the runs that wait for a slot
 * (`<kind>#QUEUED`, by priority and age) and those that run (`<kind>#RUNNING`, by the end of their lease). `TimerIndex` is
 * sparse: runs that sleep, wait with an expiry, or were woken, by the time at which they are due. A run that waits for a
 * signal without expiry is in neither.
 */
export const ENGINE_TABLES: TableDefinition[] = [
  {
    name: 'DurableRuns',
    partition_key: 'run_id',
    indexes: [
      { name: 'QueueIndex', partition_key: 'queue_name', sort_key: 'queue_order' },
      { name: 'TimerIndex', partition_key: 'timer_name', sort_key: 'wake_at' },
    ],
  },
];
