import type { TableDefinition } from '../platform/dynamodb/table-definition.js';

export const INVOCATION_TABLES: TableDefinition[] = [
  /**
   * `UncountedIndex` and `RunningIndex` are sparse: finished runs that the statistics have not counted, and runs that have
   * not finished.
   */
  {
    name: 'AgentInvocations',
    partition_key: 'invocation_id',
    indexes: [
      {
        name: 'AgentIndex',
        partition_key: 'agent_id',
        sort_key: 'created_at',
        // What lists show. Without traces an entry costs less to write, and nothing to keep when its run is counted.
        projection: [
          ...['org_id', 'user_id', 'session_id', 'agent_version', 'input_text', 'output_text', 'status', 'error'],
          ...['duration_ms', 'model', 'usage', 'cost_usd', 'background', 'completed_at'],
        ],
      },
      {
        name: 'UncountedIndex',
        partition_key: 'uncounted',
        sort_key: 'created_at',
        // What the statistics count; texts and traces would make each look at the waiting runs dear.
        projection: ['org_id', 'agent_id', 'status', 'error', 'duration_ms', 'usage'],
      },
      { name: 'RunningIndex', partition_key: 'running', sort_key: 'run_expires_at', projection: 'KEYS_ONLY' },
    ],
  },
  /**
   * Events of runs that were streamed or ran in the background, many to an item, keyed by the number of the last of them;
   * number 0 asks the process that runs it to stop.
   */
  {
    name: 'AgentInvocationEvents',
    partition_key: 'invocation_id',
    sort_key: 'last_event',
    key_types: { last_event: 'N' },
    ttl_attribute: 'expires_at',
  },
  /** How runs with a webhook tell their end. `DueIndex` is sparse: what is still to be delivered. */
  {
    name: 'AgentWebhookDeliveries',
    partition_key: 'invocation_id',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
];
