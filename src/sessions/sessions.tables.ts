import type { TableDefinition } from '../platform/database/table-definition.js';

export const SESSION_TABLES: TableDefinition[] = [
  /**
   * `list_agent` is the agent's id until deletion begins, so that lists do not show sessions that are being deleted. Of a session
   * without an agent it is `WITHOUT_AGENT#<org_id>`.
   */
  {
    name: 'AgentSessions',
    partition_key: 'session_id',
    indexes: [
      { name: 'LastActiveIndex', partition_key: 'list_agent', sort_key: 'last_active_at' },
      {
        name: 'OrgIndex',
        partition_key: 'org_id',
        sort_key: 'last_active_at',
        // The fields that lists show. Taking and renewing a turn does not rewrite an entry.
        projection: [
          ...['agent_id', 'user_id', 'status', 'display_name', 'conversation_mode', 'metadata', 'message_count'],
          ...['created_at', 'deletion'],
        ],
      },
      { name: 'DeletionIndex', partition_key: 'deletion', sort_key: 'last_active_at', projection: 'KEYS_ONLY' },
    ],
  },
  /** Messages are numbered within their session, in order and without gaps. */
  { name: 'AgentSessionMessages', partition_key: 'session_id', sort_key: 'sequence', key_types: { sequence: 'N' } },
  /** Uploaded documents, split into parts that fit into an item. */
  { name: 'AgentSessionDocuments', partition_key: 'session_id', sort_key: 'part_key' },
];
