import type { TableDefinition } from '../platform/database/table-definition.js';

/** The fields that lists show. Without the trace an entry is cheaper to write, and counting the run does not rewrite it. */
const LISTED = [
  ...['org_id', 'agent_id', 'user_id', 'session_id', 'agent_version', 'input_text', 'output_text', 'status', 'error'],
  ...['duration_ms', 'model', 'usage', 'cost_usd', 'background', 'completed_at'],
];
const listedWithout = (key: string): string[] => LISTED.filter((name) => name !== key);

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
        projection: listedWithout('agent_id'),
      },
      {
        name: 'OrgIndex',
        partition_key: 'org_id',
        sort_key: 'created_at',
        projection: listedWithout('org_id'),
      },
      {
        name: 'UncountedIndex',
        partition_key: 'uncounted',
        sort_key: 'created_at',
        // The fields that the statistics count. Texts and traces would make each read expensive.
        projection: ['org_id', 'agent_id', 'status', 'error', 'duration_ms', 'usage'],
      },
      { name: 'RunningIndex', partition_key: 'running', sort_key: 'run_expires_at', projection: 'KEYS_ONLY' },
    ],
  },
  /**
   * Events of runs that were streamed or ran in the background: many in one item, keyed by the number of the last event.
   * Number 0 requests the run to stop.
   */
  {
    name: 'AgentInvocationEvents',
    partition_key: 'invocation_id',
    sort_key: 'last_event',
    key_types: { last_event: 'N' },
    ttl_attribute: 'expires_at',
  },
  /** Addresses that receive the progress of a run, by organization and run. `DueIndex` is sparse: it holds those that may have something to report. */
  {
    name: 'AgentTaskPushes',
    partition_key: 'task',
    sort_key: 'push_id',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
  /** Deliveries of webhooks. `DueIndex` is sparse: it holds pending deliveries only. */
  {
    name: 'AgentWebhookDeliveries',
    partition_key: 'invocation_id',
    indexes: [{ name: 'DueIndex', partition_key: 'due', sort_key: 'due_at', projection: 'KEYS_ONLY' }],
    ttl_attribute: 'expires_at',
  },
];
